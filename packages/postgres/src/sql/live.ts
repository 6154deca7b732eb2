/** A user's active sessions in the order in which they would be evicted. */
import { ofUser } from "./ofUser.ts"

/** `evictable` ones come first and are numbered by `turn`; the function is inlined into the statements that use it. */
export const liveSessions = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.live_sessions(
    of_user text, now timestamptz, at_limit text, protect_trusted boolean, protect_active_ms bigint
  ) RETURNS TABLE (id uuid, device json, evictable boolean, turn bigint) LANGUAGE sql STABLE AS $$
    SELECT l.id, l.device, l.evictable,
      row_number() OVER (
        ORDER BY NOT l.evictable,
          CASE WHEN at_limit = 'evict-least-recently-used' THEN l.last_activity_at END,
          l.created_at, l.id
      )
    FROM (
      SELECT s.id, s.device, s.created_at, s.last_activity_at,
        NOT (protect_trusted AND s.trusted)
          AND (protect_active_ms IS NULL
            OR s.last_activity_at <= now - protect_active_ms * interval '1 millisecond') AS evictable
      FROM ${schema}.sessions s
      WHERE ${ofUser("s.user_id", "of_user")} AND s.ended_at IS NULL AND now < s.active_until
    ) l
  $$`
]
