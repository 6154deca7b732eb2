/** What reading the event log costs, among 100,000 events. */
import { assert, layer } from "@effect/vitest"
import { EventLog, SessionId, UserId } from "@sojourn/core"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { postgres } from "./database.ts"

const sessionOf = (user: number, n: number) =>
  `019ca945-0a00-7${String(n).padStart(3, "0")}-8c1d-${String(user).padStart(12, "0")}`

/** 1,000 users with 100 events each; the users' events lie scattered, and so do those of each of their 5 sessions. */
const fill = Layer.effectDiscard(Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    INSERT INTO sojourn.session_events (event_id, type, at, user_id, session_id, actor_kind, data)
    SELECT gen_random_uuid(), 'SessionTrusted', '2026-01-01', 'user-' || u,
      ('019ca945-0a00-7' || lpad((n % 5)::text, 3, '0') || '-8c1d-' || lpad(u::text, 12, '0'))::uuid, 'system', '{}'
    FROM generate_series(1, 100) n, generate_series(1, 1000) u`
  yield* sql`
    INSERT INTO sojourn.sessions (id, user_id, secret_hash, created_at, last_activity_at, expires_at)
    SELECT ${sessionOf(7, 3)}::uuid, 'user-7', decode(repeat('ab', 32), 'hex'), t.at, t.at, t.at + interval '30 days'
    FROM (SELECT timestamptz '2026-01-01' AS at) t`
  yield* sql`VACUUM ANALYZE sojourn.session_events`
}))

/** Rows of the log that were read, by any scan: told by the statistics of a transaction. */
const rowsRead = Effect.fnUntraced(function*<A, E, R>(read: Effect.Effect<A, E, R>) {
  const sql = yield* SqlClient.SqlClient
  const count = sql<{ readonly seen: bigint }>`
    SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS seen
    FROM pg_stat_xact_user_tables WHERE schemaname = 'sojourn' AND relname = 'session_events'`
  return yield* sql.withTransaction(Effect.gen(function*() {
    const [before] = yield* count
    const answer = yield* read
    const [after] = yield* count
    return { answer, seen: Number(after!.seen - before!.seen) }
  }))
})

layer(Layer.provideMerge(fill, postgres()), { excludeTestServices: true, timeout: "60 seconds" })("event log", (it) => {
  it.effect.each(
    [
      ["everybody's", Option.none(), Option.none(), 10],
      ["a user's", Option.some(UserId.make("user-7")), Option.none(), 10],
      ["a session's", Option.none(), Option.some(SessionId.make(sessionOf(7, 3))), 100]
    ] as const
  )(
    "D2 a page of %s events reads little else, also from the middle on and time and again",
    ([, userId, sessionId, most]) =>
      Effect.gen(function*() {
        const log = yield* EventLog
        for (let after = 0; after < 90_000; after += 10_000) {
          const { answer, seen } = yield* rowsRead(log.read({ after, limit: 10, userId, sessionId }))
          assert.isAtLeast(answer.length, 2)
          assert.isAtLeast(seen, answer.length)
          assert.isAtMost(seen, most + 1)
        }
      })
  )
})

/** Of a new log there are no statistics yet. */
const grow = Layer.effectDiscard(Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`ALTER TABLE sojourn.session_events SET (autovacuum_enabled = false)`
  yield* sql`
    INSERT INTO sojourn.session_events (event_id, type, at, user_id, session_id, actor_kind, data)
    SELECT gen_random_uuid(), 'SessionTrusted', '2026-01-01', 'user-' || n % 100, gen_random_uuid(), 'system', '{}'
    FROM generate_series(1, 20000) n`
}))

layer(Layer.provideMerge(grow, postgres()), { excludeTestServices: true, timeout: "60 seconds" })(
  "an event log that has just begun to grow",
  (it) => {
    it.effect("D2 a page reads little else, however many events are left", () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        for (let after = 1_000; after < 10_000; after += 1_000) {
          const page = log.read({ after, limit: 100, userId: Option.none(), sessionId: Option.none() })
          const { answer, seen } = yield* rowsRead(page)
          assert.lengthOf(answer, 100)
          assert.isAtMost(seen, 110)
        }
      }))
  }
)
