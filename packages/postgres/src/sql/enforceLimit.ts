/** Applies a lowered limit now, under the user's lock. */

/**
 * Ends what is due, then what is over the user's limit at `now`. No row: no such user. `evicted` null: the policy protects too
 * many.
 */
export const enforceLimit = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.enforce_limit(
    of_user text, now timestamptz, at_limit text, protect_trusted boolean, protect_active_ms bigint
  ) RETURNS TABLE (max_sessions integer, active integer, protected integer, evicted jsonb, expired jsonb)
  LANGUAGE plpgsql VOLATILE AS $$
  #variable_conflict use_column
  DECLARE
    allowed integer;
    due_ended jsonb;
  BEGIN
    PERFORM ${schema}.begin_change(of_user);
    SELECT l.max_sessions INTO allowed FROM ${schema}.session_limit(of_user) l LIMIT 1;
    IF NOT FOUND THEN RETURN; END IF;
    -- As \`admit\` does, and for the same reason.
    IF allowed IS NOT NULL THEN
      due_ended := ${schema}.end_due_of(ARRAY[of_user], ARRAY[now]);
    END IF;

    RETURN QUERY WITH live AS MATERIALIZED (
      SELECT l.* FROM ${schema}.live_sessions(of_user, now, at_limit, protect_trusted, protect_active_ms) l
      WHERE allowed IS NOT NULL
    ), tally AS MATERIALIZED (
      SELECT count(*)::integer AS active, (count(*) FILTER (WHERE NOT l.evictable))::integer AS protected FROM live l
    ), victim AS MATERIALIZED (
      SELECT l.id, l.device, l.turn, gen_random_uuid() AS event_id FROM live l, tally t
      WHERE t.protected <= allowed AND l.turn <= t.active - allowed
    ), ended AS (
      UPDATE ${schema}.sessions s
      SET ended_at = now, ended_reason = 'session_limit_exceeded', ended_by_kind = 'system'
      FROM victim v WHERE s.id = v.id
    ), logged AS (
      INSERT INTO ${schema}.session_events (event_id, type, at, user_id, session_id, actor_kind)
      SELECT v.event_id, 'SessionEvicted', now, of_user, v.id, 'system' FROM victim v ORDER BY v.turn
    )
    SELECT allowed, t.active, t.protected, CASE WHEN t.protected <= allowed OR allowed IS NULL
      THEN (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'sessionId', v.id, 'eventId', v.event_id, 'device', v.device) ORDER BY v.turn), '[]') FROM victim v) END,
      due_ended -> of_user
    FROM tally t;
  END $$`
]
