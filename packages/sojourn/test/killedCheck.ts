/** Whether sessions and event log tell the same story, and whether the relay has left nothing out. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Where the recording sink keeps what it was given. */
export const recordedTable = SqlClient.SqlClient.use((sql) =>
  sql`CREATE TABLE recorded (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, position bigint NOT NULL, event_id uuid NOT NULL, session_id uuid
  )`
)

/** Until the server has noticed that the process is gone, and finished or rolled back what it was doing for it. */
export const settled = SqlClient.SqlClient.use((sql) =>
  sql<{ readonly others: bigint }>`
    SELECT count(*) AS others FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'sojourn' AND pid <> pg_backend_pid()`.pipe(
    Effect.delay("5 millis"),
    Effect.repeat({ until: ([row]) => row?.others === 0n })
  )
)

/** Sessions whose row and events do not agree, one line each; none when all do. */
export const disagreements = SqlClient.SqlClient.use((sql) =>
  sql<{ readonly id: string; readonly what: string }>`
    WITH logged AS (
      SELECT session_id AS id, user_id,
        count(*) FILTER (WHERE type = 'SessionCreated') AS created,
        count(*) FILTER (WHERE type IN ('SessionEvicted', 'SessionRevoked', 'SessionExpired')) AS ended,
        min(at) FILTER (WHERE type IN ('SessionEvicted', 'SessionRevoked', 'SessionExpired')) AS ended_at,
        min(CASE WHEN type = 'SessionEvicted' THEN 'session_limit_exceeded' ELSE data->>'reason' END)
          FILTER (WHERE type IN ('SessionEvicted', 'SessionRevoked', 'SessionExpired')) AS reason,
        count(*) FILTER (WHERE type = 'SessionRotated') AS rotated,
        count(*) FILTER (WHERE type = 'SessionTrusted') AS trusted,
        count(*) FILTER (WHERE type = 'SuspiciousActivityRecorded') AS suspicious,
        count(DISTINCT user_id) AS users, count(*) - count(DISTINCT event_id) AS repeated
      FROM sojourn.event_details WHERE session_id IS NOT NULL GROUP BY session_id, user_id
    )
    SELECT coalesce(s.id, l.id)::text AS id, CASE
      WHEN l.id IS NULL THEN 'a session without events'
      WHEN l.created <> 1 THEN 'created ' || l.created || ' times'
      WHEN l.repeated > 0 THEN 'an event id twice'
      WHEN s.id IS NULL AND l.ended <> 1 THEN 'gone, and ended ' || l.ended || ' times'
      WHEN s.id IS NULL THEN NULL
      WHEN s.user_id <> l.user_id THEN 'of two users'
      WHEN (s.ended_at IS NOT NULL)::int <> l.ended THEN 'ended ' || l.ended || ' times in the log'
      WHEN s.ended_at IS DISTINCT FROM l.ended_at THEN 'ended at two times'
      WHEN s.ended_reason::text IS DISTINCT FROM l.reason THEN 'ended for two reasons'
      WHEN s.rotation <> l.rotated % 64 THEN 'rotated ' || s.rotation || ' and ' || l.rotated || ' times'
      WHEN s.trusted::int <> l.trusted THEN 'trusted ' || l.trusted || ' times in the log'
      WHEN s.suspicious_activity_count <> l.suspicious THEN 'suspicious ' || l.suspicious || ' times in the log'
    END AS what
    FROM sojourn.sessions s FULL JOIN logged l ON s.id = l.id
    UNION ALL
    SELECT '', 'SessionsRevoked tell of ' || a.told || ' endings, and there are ' || b.ended FROM (
      SELECT coalesce(sum((data->>'count')::int), 0) AS told FROM sojourn.event_details WHERE type = 'SessionsRevoked'
    ) a, (
      SELECT count(*) AS ended FROM sojourn.event_details
      WHERE type = 'SessionRevoked' AND data->>'reason' IN ('password_changed', 'user_deleted')
    ) b WHERE a.told <> b.ended`.pipe(
    Effect.map((rows) => rows.filter(({ what }) => what !== null).map(({ id, what }) => `${id} ${what}`))
  )
)

/** What is wrong with what the sink recorded up to now; nothing, as it should be. */
export const omissions = SqlClient.SqlClient.use((sql) =>
  sql<{ readonly what: string }>`
    WITH first AS (
      SELECT position, event_id, session_id, min(seq) AS seq FROM recorded GROUP BY position, event_id, session_id
    ), reached AS (
      SELECT greatest(coalesce((SELECT max(position) FROM recorded), 0),
        coalesce((SELECT position FROM sojourn.relays WHERE name = 'recorder'), 0)) AS position
    )
    SELECT 'position ' || e.position || ' was never delivered' AS what
    FROM sojourn.event_details e, reached r
    WHERE e.position <= r.position AND NOT EXISTS (
      SELECT 1 FROM first f WHERE f.position = e.position AND f.event_id = e.event_id
    )
    UNION ALL
    SELECT 'position ' || o.position || ' came after ' || o.before || ' of the same session' FROM (
      SELECT position, lag(position) OVER (PARTITION BY session_id ORDER BY seq) AS before FROM first
    ) o WHERE o.before > o.position`.pipe(Effect.map((rows) => rows.map(({ what }) => what)))
)
