/** A user's sessions that have not ended, in the order in which they would be evicted, and what they mean for the limit. */
import { ofUser } from "./ofUser.ts"

/**
 * `live_sessions`: those to evict first come first; `is_due` ones are no longer active. `standing`: one row, or none
 * when there is no such user; without a limit nobody counts. Both are inlined into the statements that use them.
 */
export const liveSessions = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.live_sessions(
    of_user text, now timestamptz, at_limit text, protect_trusted boolean, protect_active_ms bigint
  ) RETURNS TABLE (id uuid, device json, is_due boolean, evictable boolean) LANGUAGE sql STABLE AS $$
    SELECT s.id, s.device, s.active_until <= now,
      now < s.active_until AND NOT (protect_trusted AND s.trusted)
        AND (protect_active_ms IS NULL
          OR s.last_activity_at <= now - protect_active_ms * interval '1 millisecond')
    FROM ${schema}.sessions s
    WHERE ${ofUser("s.user_id", "of_user")} AND s.ended_at IS NULL
    ORDER BY CASE WHEN at_limit = 'evict-least-recently-used' THEN s.last_activity_at END, s.created_at, s.id
  $$`,
  `CREATE FUNCTION ${schema}.standing(
    of_user text, now timestamptz, at_limit text, protect_trusted boolean, protect_active_ms bigint
  ) RETURNS TABLE (
    max_sessions integer, due integer, active integer, protected integer, evictable uuid[], devices json[]
  ) LANGUAGE sql STABLE AS $$
    SELECT m.max_sessions, l.due, l.active, l.active - coalesce(cardinality(l.evictable), 0), l.evictable, l.devices
    FROM (SELECT CASE WHEN o.max_sessions < 0 THEN 0 ELSE o.max_sessions END AS max_sessions
      FROM ${schema}.session_limit(of_user) o LIMIT 1) m, LATERAL (
      SELECT (count(*) FILTER (WHERE s.is_due))::integer AS due,
        (count(*) FILTER (WHERE NOT s.is_due))::integer AS active,
        array_agg(s.id) FILTER (WHERE s.evictable) AS evictable,
        array_agg(s.device) FILTER (WHERE s.evictable) AS devices
      FROM ${schema}.live_sessions(of_user, now, at_limit, protect_trusted, protect_active_ms) s
      WHERE m.max_sessions IS NOT NULL
    ) l
  $$`
]
