/** What the planner does on 200,000 rows. */
import { assert, layer } from "@effect/vitest"
import { SessionRepo, SessionRules, UserId } from "@sojourn/core"
import { ofUser } from "@sojourn/postgres/sql/ofUser"
import { DateTime, Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { candidateOf, postgres } from "./database.ts"

const fill = Layer.effectDiscard(Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  // 400 users with 500 sessions each, of which the last 5 have not ended.
  yield* sql`
    INSERT INTO sojourn.sessions (id, user_id, secret_hash, created_at, last_activity_at, expires_at, ended_at,
      ended_reason, ended_by_kind)
    SELECT gen_random_uuid(), 'user-' || u, decode(repeat('ab', 32), 'hex'), t.at, t.at, t.at + interval '30 days',
      CASE WHEN n <= 495 THEN t.at + interval '1 minute' END,
      CASE WHEN n <= 495 THEN 'logout'::sojourn.end_reason END, CASE WHEN n <= 495 THEN 'user'::sojourn.actor_kind END
    FROM generate_series(1, 400) u, generate_series(1, 500) n,
      LATERAL (SELECT timestamptz '2026-01-01' + n * interval '1 minute' AS at) t`
  yield* sql`ANALYZE sojourn.sessions`
}))

interface Plan {
  readonly "Node Type": string
  readonly "Index Name"?: string
  readonly "Plan Rows": number
  readonly "Actual Rows": number
  readonly Plans?: ReadonlyArray<Plan>
}

const nodes = (plan: Plan): ReadonlyArray<Plan> => [plan, ...(plan.Plans ?? []).flatMap(nodes)]

const explain = (statement: string) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql.unsafe<{ "QUERY PLAN": ReadonlyArray<{ Plan: Plan }> }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${statement}`
    )
    return nodes(row!["QUERY PLAN"][0]!.Plan)
  })

const scans = (plan: ReadonlyArray<Plan>) => plan.filter((node) => node["Node Type"].endsWith("Scan"))

const page = (state: string) =>
  `(SELECT * FROM sojourn.sessions
    WHERE ${ofUser("user_id", "'user-7'")} AND ended_at ${state}
    ORDER BY created_at DESC, id DESC LIMIT 20)`

layer(Layer.provideMerge(fill, postgres()), { excludeTestServices: true, timeout: "120 seconds" })("indexes", (it) => {
  it.effect("P14 counting and picking victims reads the user's live sessions from their index, and no more", () =>
    Effect.gen(function*() {
      for (const policy of ["evict-oldest", "evict-least-recently-used"]) {
        const plan = yield* explain(
          `SELECT * FROM sojourn.live_sessions('user-7', '2026-01-02', '${policy}', false, NULL)`
        )
        assert.isFalse(plan.some((node) => node["Node Type"] === "Seq Scan"))
        const read = plan.filter((node) => node["Index Name"] !== undefined)
        assert.deepStrictEqual(read.map((node) => node["Index Name"]), ["sessions_live"])
        assert.deepStrictEqual(read.map((node) => node["Actual Rows"]), [5])
      }
    }))

  it.effect("P14 a page of a user's list, ended ones included, reads no more than the page", () =>
    Effect.gen(function*() {
      const plan = yield* explain(
        `SELECT id FROM (${page("IS NULL")} UNION ALL ${
          page("IS NOT NULL")
        }) s ORDER BY created_at DESC, id DESC LIMIT 20`
      )
      const indexed = scans(plan).filter((node) => node["Index Name"] !== undefined)
      assert.deepStrictEqual(indexed.map((node) => node["Index Name"]).toSorted(), ["sessions_ended", "sessions_live"])
      assert.isTrue(indexed.every((node) => node["Actual Rows"] <= 20))
      assert.isFalse(plan.some((node) => node["Node Type"] === "Seq Scan"))
    }))

  it.effect("P13 finding sessions that are due reads them from their index", () =>
    Effect.gen(function*() {
      const plan = yield* explain(
        `SELECT id FROM sojourn.sessions WHERE ended_at IS NULL AND active_until <= '2026-01-01' LIMIT 100`
      )
      assert.deepStrictEqual(scans(plan).map((node) => node["Index Name"]), ["sessions_due"])
    }))
})

const fillLive = Layer.effectDiscard(Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  // 10,000 users with 5 sessions each, none of which has ended.
  yield* sql`
    INSERT INTO sojourn.sessions (id, user_id, secret_hash, created_at, last_activity_at, expires_at)
    SELECT gen_random_uuid(), 'user-' || u, decode(repeat('ab', 32), 'hex'), t.at, t.at, t.at + interval '30 days'
    FROM generate_series(1, 10000) u, generate_series(1, 5) n,
      LATERAL (SELECT timestamptz '2026-01-01' + n * interval '1 minute' AS at) t`
  yield* sql`ANALYZE sojourn.sessions`
}))

layer(Layer.provideMerge(fillLive, postgres()), { excludeTestServices: true, timeout: "120 seconds" })(
  "indexes of a table in which most sessions live",
  (it) => {
    it.effect("P14 the planner knows how few sessions a user has, and takes no share of the table for them", () =>
      Effect.gen(function*() {
        const plan = yield* explain(
          "SELECT * FROM sojourn.live_sessions('user-7', '2026-01-02', 'evict-oldest', false, NULL)"
        )
        const read = plan.filter((node) => node["Index Name"] === "sessions_live")
        assert.strictEqual(read.length, 1)
        assert.isAtMost(read[0]!["Plan Rows"], 20)
      }))

    it.effect("P14 a login does not look again at the sessions that logins before it have evicted", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const repo = yield* SessionRepo
        const userId = UserId.make("often")
        yield* sql`INSERT INTO sojourn.users (id, max_sessions) VALUES (${userId}, 1)`
        const login = Effect.gen(function*() {
          yield* repo.admit(yield* candidateOf(userId), SessionRules.make({}))
        })
        const entriesRead = Effect.gen(function*() {
          yield* login
          const plan = yield* explain(
            "SELECT * FROM sojourn.live_sessions('often', '2026-01-02', 'evict-oldest', false, NULL)"
          )
          const read = plan.find((node) => node["Index Name"] === "sessions_live")
          // Of an index scan these are live rows only; a bitmap tells of all entries that are left.
          assert.include(read!["Node Type"], "Bitmap")
          return read!["Actual Rows"]
        })
        yield* Effect.repeat(login, { times: 299 })
        // While a transaction is under way anywhere on the server, nobody knows of rows that went since then as gone.
        const read = yield* Effect.repeat(entriesRead, {
          until: (entries) => entries <= 20,
          schedule: Schedule.spaced("200 millis"),
          times: 50
        })
        assert.isAtMost(read, 20)
      }))
  }
)

layer(postgres(), { excludeTestServices: true, timeout: "60 seconds" })("indexes of what was purged", (it) => {
  it.effect("P11 a purge that finds nothing old reads next to nothing, also when the table was purged before", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const repo = yield* SessionRepo
      const addEnded = (year: number) =>
        sql`
          INSERT INTO sojourn.sessions (id, user_id, secret_hash, created_at, last_activity_at, expires_at, ended_at,
            ended_reason, ended_by_kind)
          SELECT gen_random_uuid(), 'user-' || n % 100, decode(repeat('ab', 32), 'hex'), t.at, t.at,
            t.at + interval '30 days', t.at + interval '1 day', 'logout', 'user'
          FROM generate_series(1, 10000) n, LATERAL (SELECT make_timestamptz(${year}, 1, 1, 0, 0, 0) AS at) t`
      yield* addEnded(2025)
      assert.strictEqual(yield* repo.purge(DateTime.makeUnsafe("2026-01-01"), 10_000), 10_000)
      yield* sql`VACUUM sojourn.sessions`
      yield* addEnded(2026)
      yield* sql`VACUUM ANALYZE sojourn.sessions`
      const [row] = yield* sql<{ "QUERY PLAN": ReadonlyArray<{ Plan: Record<string, number> }> }>`
        EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT sojourn.purge('2026-01-01', 500)`
      const plan = row!["QUERY PLAN"][0]!.Plan
      // Most of them are the catalog's. The table has 200.
      assert.isAtMost(plan["Shared Hit Blocks"]! + plan["Shared Read Blocks"]!, 100)
    }))
  it.effect("P12 a purge reads nothing of what else happened to its users", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`
        INSERT INTO sojourn.session_events (event_id, type, at, user_id, session_id)
        SELECT gen_random_uuid(), 'SessionRotated', '2026-01-01', 'busy', gen_random_uuid() FROM generate_series(1, 100000)`
      yield* sql`
        INSERT INTO sojourn.sessions (id, user_id, secret_hash, created_at, last_activity_at, expires_at, ended_at,
          ended_reason, ended_by_kind)
        SELECT gen_random_uuid(), 'busy', decode(repeat('ab', 32), 'hex'), t.at, t.at, t.at, t.at, 'logout', 'user'
        FROM (SELECT timestamptz '2024-01-01' AS at) t`
      const [row] = yield* sql<{ "QUERY PLAN": ReadonlyArray<{ Plan: Record<string, number> }> }>`
        EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT sojourn.purge('2025-01-01', 500)`
      const plan = row!["QUERY PLAN"][0]!.Plan
      assert.strictEqual((yield* sql`SELECT 1 FROM sojourn.purged_sessions WHERE user_id = 'busy'`).length, 1)
      // Most of them are the catalog's. The events have 1,500.
      assert.isAtMost(plan["Shared Hit Blocks"]! + plan["Shared Read Blocks"]!, 400)
    }))
})
