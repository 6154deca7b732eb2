/** Applies a lowered limit now, under the user's lock. */
import { beginChange } from "./locks.ts"

/**
 * Ends what is due, then what is over the user's limit at `now`. No row: no such user. `evicted` null: the policy protects too
 * many.
 */
export const enforceLimit = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.enforce_limit(
    wait boolean, of_user text, now timestamptz, at_limit text, protect_trusted boolean, protect_active_ms bigint
  ) RETURNS TABLE (max_sessions integer, active integer, protected integer, evicted jsonb, expired jsonb)
  LANGUAGE plpgsql VOLATILE AS $$
  #variable_conflict use_column
  DECLARE
    allowed integer;
    due integer;
    n_active integer;
    n_protected integer;
    evictable uuid[];
    devices json[];
    due_ended jsonb;
  BEGIN
    ${beginChange(schema, "of_user")}
    SELECT s.max_sessions, s.due, s.active, s.protected, s.evictable, s.devices
      INTO allowed, due, n_active, n_protected, evictable, devices
      FROM ${schema}.standing(of_user, now, at_limit, protect_trusted, protect_active_ms) s;
    IF NOT FOUND THEN RETURN; END IF;
    -- As \`admit\` does, and for the same reason.
    IF due > 0 THEN
      due_ended := ${schema}.end_due_of(ARRAY[of_user], ARRAY[now]);
      SELECT s.active, s.protected, s.evictable, s.devices INTO n_active, n_protected, evictable, devices
        FROM ${schema}.standing(of_user, now, at_limit, protect_trusted, protect_active_ms) s;
    END IF;

    RETURN QUERY WITH victim AS MATERIALIZED (
      SELECT v.id, v.device, v.turn
      FROM unnest(evictable, devices) WITH ORDINALITY AS v (id, device, turn)
      WHERE n_protected <= allowed AND v.turn <= n_active - allowed
    ), ended AS (
      UPDATE ${schema}.sessions s
      SET ended_at = now, ended_reason = 'session_limit_exceeded', ended_by_kind = 'system'
      FROM victim v WHERE s.id = v.id
    ), logged AS (
      INSERT INTO ${schema}.session_events (type, at, user_id, session_id, actor_kind)
      SELECT 'SessionEvicted', now, of_user, v.id, 'system' FROM victim v ORDER BY v.turn
    )
    SELECT allowed, n_active, n_protected, CASE WHEN n_protected <= allowed OR allowed IS NULL
      THEN (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'sessionId', v.id, 'device', v.device) ORDER BY v.turn), '[]') FROM victim v) END,
      due_ended -> of_user;
  END $$`
]
