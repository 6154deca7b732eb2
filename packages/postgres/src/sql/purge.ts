/** Deletes sessions that ended long ago. */
import { once } from "./eventDetails.ts"
import { ofUser } from "./ofUser.ts"

/**
 * At most so many, oldest first, those in nobody's hands; gives how many. What their events told by them moves into the events first.
 * These are found by their user, each user's once.
 */
export const purge = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.purge(before timestamptz, at_most integer) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    WITH old AS MATERIALIZED (
      SELECT s.id, s.user_id, s.device, s.location, s.expires_at FROM ${schema}.sessions s
      WHERE s.ended_at IS NOT NULL AND s.ended_at < before ORDER BY s.ended_at LIMIT at_most FOR UPDATE SKIP LOCKED
    ), told AS MATERIALIZED (
      SELECT e.position, e.session_id, e.evicted FROM (SELECT DISTINCT o.user_id FROM old o) u, LATERAL (
        SELECT e.position, e.session_id, e.evicted FROM ${schema}.session_events e
        WHERE ${ofUser("e.user_id", "u.user_id")} AND e.session_id IS NOT NULL AND e.type IN (${once}) OFFSET 0
      ) e
    ), moved AS (
      UPDATE ${schema}.session_events e SET device = coalesce(o.device, e.device),
        location = CASE WHEN e.type = 'SessionCreated' THEN coalesce(o.location, e.location) END,
        expires_at = CASE WHEN e.type = 'SessionCreated' THEN coalesce(o.expires_at, e.expires_at) END,
        evicted_device = coalesce(v.device, e.evicted_device)
      FROM told t LEFT JOIN old o ON o.id = t.session_id LEFT JOIN old v ON v.id = t.evicted
      WHERE e.position = t.position AND (o.id IS NOT NULL OR v.id IS NOT NULL)
    ), gone AS (
      DELETE FROM ${schema}.sessions s USING old o WHERE s.id = o.id RETURNING 1
    )
    SELECT count(*) FROM gone
  $$`
]
