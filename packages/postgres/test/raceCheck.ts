/** What only the race installs: at every commit, the user's active sessions against the limit that the commit saw. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** The package's own rule, which also remembers in the transaction what it answered. */
export const limitQuery = `
  SELECT nullif(set_config('race.u' || md5(u.id), coalesce(u.max_sessions, -1)::text, true)::integer, -1)
  FROM sojourn.users u WHERE u.id = $1`

export const install = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE SCHEMA race`
  yield* sql`CREATE SEQUENCE race.checks`
  yield* sql`CREATE TABLE race.violations (user_id text, active integer, allowed integer)`
  yield* sql.unsafe(`
    CREATE FUNCTION race.check_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      allowed integer := current_setting('race.u' || md5(NEW.user_id))::integer;
      active integer := (
        SELECT count(*) FROM sojourn.sessions s
        WHERE s.user_id = NEW.user_id AND s.ended_at IS NULL AND clock_timestamp() < s.active_until
      );
    BEGIN
      PERFORM nextval('race.checks');
      IF active > allowed THEN INSERT INTO race.violations VALUES (NEW.user_id, active, allowed); END IF;
      RETURN NULL;
    END $$`)
  yield* sql`
    CREATE CONSTRAINT TRIGGER check_commit AFTER INSERT OR UPDATE ON sojourn.sessions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION race.check_commit()`
})

/** How many commits were checked, and which broke the limit. */
export const verdict = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const violations = yield* sql`SELECT * FROM race.violations`
  const [checks] = yield* sql<{ readonly last_value: bigint }>`SELECT last_value FROM race.checks`
  const [stats] = yield* sql<{ readonly deadlocks: bigint }>`
    SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`
  return { violations, checks: Number(checks?.last_value), deadlocks: Number(stats?.deadlocks) }
})

/** A user's rows against their events: each session created once, each ended one told of once. */
export const books = (userId: string) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<Record<"sessions" | "ended" | "created" | "evicted" | "unmatched" | "active", number>>`
      SELECT
        (SELECT count(*)::integer FROM sojourn.sessions WHERE user_id = ${userId}) AS sessions,
        (SELECT count(*)::integer FROM sojourn.sessions WHERE user_id = ${userId} AND ended_at IS NOT NULL) AS ended,
        (SELECT count(*)::integer FROM sojourn.sessions WHERE user_id = ${userId} AND ended_at IS NULL) AS active,
        (SELECT count(DISTINCT session_id)::integer FROM sojourn.event_details
          WHERE user_id = ${userId} AND type = 'SessionCreated') AS created,
        (SELECT count(DISTINCT session_id)::integer FROM sojourn.event_details
          WHERE user_id = ${userId} AND type = 'SessionEvicted') AS evicted,
        (SELECT count(*)::integer FROM sojourn.event_details e WHERE user_id = ${userId})
          - (SELECT count(*)::integer FROM sojourn.sessions WHERE user_id = ${userId})
          - (SELECT count(*)::integer FROM sojourn.sessions WHERE user_id = ${userId} AND ended_at IS NOT NULL) AS unmatched`
    return row!
  })
