/** Deletes sessions that ended long ago. */
import { ofUser } from "./ofUser.ts"

/**
 * At most so many, those in nobody's hands; gives how many. What their events told by them moves into the events first.
 * These are found by their user, each user's once.
 */
export const purge = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.purge(before timestamptz, at_most integer) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    WITH old AS MATERIALIZED (
      SELECT s.id, s.user_id, s.device, s.location, s.expires_at FROM ${schema}.sessions s
      WHERE s.ended_at < before LIMIT at_most FOR UPDATE SKIP LOCKED
    ), told AS MATERIALIZED (
      SELECT e.position, e.session_id FROM (SELECT DISTINCT o.user_id FROM old o) u, LATERAL (
        SELECT e.position, e.session_id FROM ${schema}.session_events e
        WHERE ${ofUser("e.user_id", "u.user_id")} AND e.session_id IS NOT NULL OFFSET 0
      ) e
    ), moved AS (
      UPDATE ${schema}.session_events e SET device = o.device,
        location = CASE WHEN e.type = 'SessionCreated' THEN o.location END,
        expires_at = CASE WHEN e.type = 'SessionCreated' THEN o.expires_at END
      FROM told t JOIN old o ON o.id = t.session_id
      WHERE e.position = t.position AND e.type IN ('SessionCreated', 'SessionEvicted', 'SessionRevoked', 'SessionExpired')
    ), gone AS (
      DELETE FROM ${schema}.sessions s USING old o WHERE s.id = o.id RETURNING 1
    )
    SELECT count(*) FROM gone
  $$`
]
