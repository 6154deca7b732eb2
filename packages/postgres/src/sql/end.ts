/** Endings of several sessions at once, under the user's lock, each change with its event. */

/** Ends what is over the user's limit at `now`. No row: no such user. `evicted` null: the policy protects too many. */
export const enforceLimit = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.enforce_limit(
    of_user text, now timestamptz, at_limit text, protect_trusted boolean, protect_active_ms bigint
  ) RETURNS TABLE (max_sessions integer, active integer, protected integer, evicted jsonb)
  LANGUAGE plpgsql VOLATILE AS $$
  #variable_conflict use_column
  BEGIN
    PERFORM ${schema}.require_read_committed();
    PERFORM pg_advisory_xact_lock(${schema}.user_lock(of_user));
    PERFORM ${schema}.begin_append();

    RETURN QUERY WITH person AS MATERIALIZED (
      SELECT l.max_sessions FROM ${schema}.session_limit(of_user) l LIMIT 1
    ), live AS MATERIALIZED (
      SELECT l.* FROM person p, LATERAL ${schema}.live_sessions(
        of_user, now, at_limit, protect_trusted, protect_active_ms
      ) l WHERE p.max_sessions IS NOT NULL
    ), tally AS MATERIALIZED (
      SELECT count(*)::integer AS active, (count(*) FILTER (WHERE NOT l.evictable))::integer AS protected FROM live l
    ), victim AS MATERIALIZED (
      SELECT l.id, l.device, l.turn, gen_random_uuid() AS event_id FROM live l, tally t, person p
      WHERE t.protected <= p.max_sessions AND l.turn <= t.active - p.max_sessions
    ), ended AS (
      UPDATE ${schema}.sessions s
      SET ended_at = now, ended_reason = 'session_limit_exceeded', ended_by_kind = 'system'
      FROM victim v WHERE s.id = v.id
    ), logged AS (
      INSERT INTO ${schema}.session_events (event_id, type, at, user_id, session_id, actor_kind, data)
      SELECT v.event_id, 'SessionEvicted', now, of_user, v.id, 'system', jsonb_build_object(
        'reason', 'session_limit_exceeded', 'device', v.device, 'evictedBy', NULL
      ) FROM victim v ORDER BY v.turn
    )
    SELECT p.max_sessions, t.active, t.protected, CASE WHEN t.protected <= p.max_sessions OR p.max_sessions IS NULL
      THEN (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'sessionId', v.id, 'eventId', v.event_id, 'device', v.device) ORDER BY v.turn), '[]') FROM victim v) END
    FROM person p, tally t;
  END $$`
]

/** Ends all active sessions of a user but one, oldest first. The last row is the event for all, if any was ended. */
export const endAll = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.end_all(
    of_user text, except_id uuid, now timestamptz, reason text, actor_kind text, actor_id text
  ) RETURNS TABLE (session_id uuid, event_id uuid, device jsonb) LANGUAGE plpgsql VOLATILE AS $$
  #variable_conflict use_column
  BEGIN
    PERFORM ${schema}.require_read_committed();
    PERFORM pg_advisory_xact_lock(${schema}.user_lock(of_user));
    PERFORM ${schema}.begin_append();

    RETURN QUERY WITH victim AS MATERIALIZED (
      SELECT s.id, s.device, gen_random_uuid() AS event_id, row_number() OVER (ORDER BY s.created_at, s.id) AS turn
      FROM ${schema}.sessions s
      WHERE s.user_id = of_user AND s.ended_at IS NULL AND now < s.active_until AND s.id IS DISTINCT FROM except_id
    ), summary AS MATERIALIZED (
      SELECT gen_random_uuid() AS event_id, count(*) AS count FROM victim HAVING count(*) > 0
    ), ended AS (
      UPDATE ${schema}.sessions s
      SET ended_at = now, ended_reason = reason, ended_by_kind = actor_kind, ended_by_id = actor_id
      FROM victim v WHERE s.id = v.id
    ), logged AS (
      INSERT INTO ${schema}.session_events (event_id, type, at, user_id, session_id, actor_kind, actor_id, data)
      SELECT e.event_id, e.type, now, of_user, e.id, actor_kind, actor_id, e.data FROM (
        SELECT v.event_id, 'SessionRevoked' AS type, v.id, v.turn,
          jsonb_build_object('reason', reason, 'device', v.device) AS data FROM victim v
        UNION ALL
        SELECT s.event_id, 'SessionsRevoked', NULL, NULL,
          jsonb_build_object('reason', reason, 'count', s.count, 'exceptSessionId', except_id) FROM summary s
      ) e ORDER BY e.turn NULLS LAST
    )
    SELECT e.id, e.event_id, e.device FROM (
      SELECT v.id, v.event_id, v.device, v.turn FROM victim v
      UNION ALL
      SELECT NULL, s.event_id, NULL, NULL FROM summary s
    ) e ORDER BY e.turn NULLS LAST;
  END $$`
]
