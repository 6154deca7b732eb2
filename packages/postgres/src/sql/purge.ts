/** Deletes what is old. */

export const purge = (schema: string): ReadonlyArray<string> => [
  // At most so many sessions, the first that ended first, those in nobody's hands; gives how many. What events tell by them is kept.
  `CREATE FUNCTION ${schema}.purge(before timestamptz, at_most integer) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    WITH old AS MATERIALIZED (
      SELECT s.id FROM ${schema}.sessions s
      WHERE s.ended_at IS NOT NULL AND s.ended_at < before ORDER BY s.ended_at LIMIT at_most FOR UPDATE SKIP LOCKED
    ), gone AS (
      DELETE FROM ${schema}.sessions s USING old o WHERE s.id = o.id
      RETURNING s.id, s.ended_at, s.user_id, s.device, s.location
    ), kept AS (
      INSERT INTO ${schema}.purged_sessions (id, ended_at, user_id, device, location)
      SELECT * FROM gone ON CONFLICT (id) DO NOTHING
    )
    SELECT count(*) FROM gone
  $$`,
  // The first events of the log, so many or one more, if they are from before; gives how many. A row may have two, which go together.
  // With them goes what is kept of sessions that ended before. Waits for nobody: who forgets a user has locked in another order.
  `CREATE FUNCTION ${schema}.purge_events(before timestamptz, at_most integer) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    WITH next AS MATERIALIZED (
      SELECT e.position, e.at, sum(1 + (e.evicted IS NOT NULL)::integer) OVER (
        ORDER BY e.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS events_before
      FROM (SELECT * FROM ${schema}.session_events ORDER BY position LIMIT at_most FOR UPDATE SKIP LOCKED) e
    ), gone AS (
      DELETE FROM ${schema}.session_events e USING next n
      WHERE e.position = n.position AND n.at < before AND coalesce(n.events_before, 0) < at_most
      RETURNING 1 + (e.evicted IS NOT NULL)::integer AS events
    ), untold AS (
      DELETE FROM ${schema}.purged_sessions WHERE id IN (
        SELECT p.id FROM ${schema}.purged_sessions p WHERE p.ended_at < before ORDER BY p.ended_at LIMIT at_most
        FOR UPDATE SKIP LOCKED
      )
    )
    SELECT coalesce(sum(g.events), 0)::bigint FROM gone g
  $$`
]
