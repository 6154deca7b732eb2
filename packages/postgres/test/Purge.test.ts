/** Deleting what is old, while other things go on. */
import { assert, layer } from "@effect/vitest"
import { EventBusInProcess, EventLog, SessionCacheInProcess, SessionRepo, sweepSessions, UserId } from "@sojourn/core"
import { DateTime, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { holdLock, postgres } from "./database.ts"

const before = Effect.map(DateTime.now, (now) => DateTime.subtract(now, { days: 365 }))

/** So many sessions of a user that ended 400 days ago, with two events each; before them, perhaps, an event of a clock that is wrong. */
const fill = (userId: string, sessions: number, isSkewed = false) =>
  SqlClient.SqlClient.use((sql) =>
    sql`
      WITH head AS (
        INSERT INTO sojourn.session_events (type, at, user_id, session_id, event_id)
        SELECT 'SessionRotated', now(), 'skewed', gen_random_uuid(), gen_random_uuid() WHERE ${isSkewed} RETURNING 1
      ), ended AS (
        INSERT INTO sojourn.sessions (id, user_id, secret_hash, created_at, last_activity_at, expires_at, ended_at,
          ended_reason, ended_by_kind, device)
        SELECT gen_random_uuid(), ${userId}, decode(repeat('ab', 32), 'hex'), t.at, t.at, t.at + interval '30 days',
          t.at + interval '1 minute', 'logout', 'user', '["Chrome", "desktop"]'
        FROM generate_series(1, ${sessions}::integer) n, (SELECT count(*) FROM head) h,
          LATERAL (SELECT now() - interval '400 days' + n * interval '2 minutes' AS at) t
        RETURNING *
      )
      INSERT INTO sojourn.session_events (type, at, expires_at, user_id, session_id, data)
      SELECT e.type::sojourn.event_type, e.at, e.expires_at, ${userId}, e.id, e.data::jsonb FROM (
        SELECT 'SessionCreated' AS type, created_at AS at, expires_at, id, NULL AS data FROM ended
        UNION ALL SELECT 'SessionRevoked', ended_at, NULL, id, '{"reason": "logout"}' FROM ended
      ) e ORDER BY e.at`
  )

const empty = SqlClient.SqlClient.use((sql) =>
  sql`TRUNCATE sojourn.session_events, sojourn.purged_sessions, sojourn.sessions`
)

const left = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const [rows] = yield* sql`
    SELECT (SELECT count(*)::integer FROM sojourn.session_events) AS events,
      (SELECT count(*)::integer FROM sojourn.purged_sessions) AS purged`
  return rows
})

const stores = Layer.mergeAll(postgres(), SessionCacheInProcess.layer(), EventBusInProcess.layer())

layer(stores, { excludeTestServices: true, timeout: "60 seconds" })("deleting what is old", (it) => {
  it.effect("P11 P12 between two batches what is left of the log can be read", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      const repo = yield* SessionRepo
      yield* fill("between", 600)
      yield* Effect.replicateEffect(repo.purge(yield* before, 500), 2)
      assert.strictEqual(yield* log.purge(yield* before, 500), 500)
      assert.lengthOf(yield* log.read({ after: 0, limit: 1000 }), 700)
      yield* log.purge(yield* before, 1000)
      assert.deepStrictEqual(yield* left, { events: 0, purged: 0 })
      yield* empty
    }))

  it.effect("P12 an event of a clock that was ahead holds up no other", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      yield* fill("behind", 2000, true)
      assert.deepStrictEqual(yield* sweepSessions(), { ended: 0, purgedSessions: 2000, purgedEvents: 4000 })
      assert.deepStrictEqual(yield* left, { events: 1, purged: 0 })
      assert.lengthOf(yield* log.read({ after: 0, limit: 10 }), 1)
      yield* empty
    }))

  it.effect("P12 purging the log and forgetting a user at once: neither is given up", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      const repo = yield* SessionRepo
      const userId = UserId.make("forgotten")
      for (let round = 0; round < 3; round++) {
        yield* fill(userId, 3000)
        yield* repo.purge(yield* before, 10_000)
        const purge = Effect.repeat(log.purge(yield* before, 100), { until: (purged) => purged === 0, times: 100 })
        yield* Effect.all([repo.forget(userId), purge], { concurrency: 2 })
      }
      yield* empty
    }))

  it.effect("P13 whoever holds a user's lock holds up the sweeping of nobody else", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const sql = yield* SqlClient.SqlClient
      const now = yield* DateTime.now
      const addDue = (userId: string, daysAgo: number, sessions: number) =>
        sql`
          INSERT INTO sojourn.sessions (id, user_id, secret_hash, created_at, last_activity_at, expires_at)
          SELECT gen_random_uuid(), ${userId}, decode(repeat('ab', 32), 'hex'), t.at, t.at, t.at
          FROM generate_series(1, ${sessions}::integer) n, (SELECT now() - ${daysAgo} * interval '1 day' AS at) t`
      yield* addDue("slow", 2, 20)
      yield* addDue("slow too", 2, 20)
      yield* addDue("quick", 1, 3)
      const releases = yield* Effect.forEach(["slow", "slow too"], (userId) => holdLock(UserId.make(userId)))
      assert.lengthOf(yield* repo.sweep(now, 10), 3)
      assert.lengthOf(yield* repo.sweep(now, 10), 0)
      yield* Effect.all(releases)
      assert.lengthOf(yield* repo.sweep(now, 100), 40)
    }))
})
