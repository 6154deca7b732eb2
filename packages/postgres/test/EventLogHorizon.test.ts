/** Reading the log while commits come late. */
import { assert, layer } from "@effect/vitest"
import { EventLog, type LoggedEvent, RelayName, RelayRepo, type SessionId, SessionRules } from "@sojourn/core"
import { Fixtures } from "@sojourn/testing"
import { Deferred, Duration, Effect, Fiber, Option, Ref } from "effect"
import { SqlClient } from "effect/sql"
import { changes } from "./changes.ts"
import { admit, held, postgres, putUser } from "./database.ts"

const minute = Duration.minutes(1)
const rules = SessionRules.make({})
const put = (name: string) => putUser(name, "pro")
const readAfter = (after: number) => EventLog.use((log) => log.read({ after, limit: 1000, userId: Option.none() }))

const ids = (events: ReadonlyArray<LoggedEvent>) =>
  events.map(({ event }) => "sessionId" in event ? event.sessionId : undefined)

layer(postgres(), { excludeTestServices: true, timeout: "60 seconds" })("event log", (it) => {
  it.effect("D2 events behind a transaction that is still open are held back, and none is missed after it", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const [early, late] = [yield* put("early"), yield* put("late")]
      const { candidate: first } = yield* admit(early, rules)
      const appended = yield* Deferred.make<SessionId>()
      const commit = yield* Deferred.make<void>()
      const slow = yield* Effect.forkChild(sql.withTransaction(Effect.gen(function*() {
        const { candidate } = yield* admit(late, rules)
        yield* Deferred.succeed(appended, candidate.session.id)
        yield* Deferred.await(commit)
      })))
      const slowId = yield* Deferred.await(appended)
      const { candidate: second } = yield* admit(early, rules)

      const before = yield* readAfter(0)
      assert.deepStrictEqual(ids(before), [first.session.id])
      yield* Deferred.succeed(commit, undefined)
      yield* Fiber.join(slow)
      assert.deepStrictEqual(ids(yield* readAfter(before.at(-1)!.position)), [slowId, second.session.id])
    }))

  it.effect.each(changes)(
    "D2 events behind %s that is not committed yet are held back",
    ([, change]) =>
      Effect.gen(function*() {
        const [early, late] = [yield* Fixtures.freshUserId, yield* Fixtures.freshUserId]
        yield* Effect.forEach([early, late], put)
        const { candidate } = yield* admit(late, rules)
        const count = Effect.map(readAfter(0), (events) => events.length)
        const before = yield* count
        const commit = yield* held(change({ id: candidate.session.id, userId: late }))
        yield* admit(early, rules)
        assert.strictEqual(yield* count, before)
        yield* commit
        // The change and the login have one each, or more.
        assert.isAtLeast(yield* count, before + 2)
      })
  )

  it.effect("D2 a relay that begins at the end of the log misses nothing that is committed after it began", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const relays = yield* RelayRepo
      const [early, late] = [yield* put("before"), yield* put("open")]
      const hold = (name: string) =>
        Effect.map(
          relays.hold({ name: RelayName.make(name), holder: "019ca945-0a00-7a3b-8c1d-5e6f708192a3" }, minute, "end"),
          (progress) => Option.getOrThrow(progress).position
        )
      yield* admit(early, rules)
      const end = (yield* readAfter(0)).at(-1)!.position
      const appended = yield* Deferred.make<SessionId>()
      const commit = yield* Deferred.make<void>()
      const slow = yield* Effect.forkChild(sql.withTransaction(Effect.gen(function*() {
        const { candidate } = yield* admit(late, rules)
        yield* Deferred.succeed(appended, candidate.session.id)
        yield* Deferred.await(commit)
      })))
      const slowId = yield* Deferred.await(appended)
      const { candidate: second } = yield* admit(early, rules)
      const start = yield* hold("begun-while-open")
      yield* Deferred.succeed(commit, undefined)
      yield* Fiber.join(slow)
      assert.strictEqual(start, end)
      assert.deepStrictEqual(ids(yield* readAfter(start)), [slowId, second.session.id])
      assert.strictEqual(yield* hold("begun-after"), (yield* readAfter(0)).at(-1)!.position)
    }))

  it.effect("D2 a relay that begins at the end of an empty log misses nothing, either", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const relays = yield* RelayRepo
      const userId = yield* put("first")
      const run = { name: RelayName.make("first"), holder: "019ca945-0a00-7a3b-8c1d-5e6f708192a3" }
      assert.deepStrictEqual(yield* relays.hold(run, minute, "end"), Option.some({ position: 0, head: 0 }))
      const appended = yield* Deferred.make<void>()
      const commit = yield* Deferred.make<void>()
      const slow = yield* Effect.forkChild(sql.withTransaction(Effect.gen(function*() {
        yield* admit(userId, rules)
        yield* Deferred.succeed(appended, undefined)
        yield* Deferred.await(commit)
      })))
      yield* Deferred.await(appended)
      const other = { ...run, name: RelayName.make("second") }
      assert.deepStrictEqual(yield* relays.hold(other, minute, "end"), Option.some({ position: 0, head: 2 }))
      yield* Deferred.succeed(commit, undefined)
      yield* Fiber.join(slow)
    }).pipe(Effect.provide(postgres(), { local: true })))

  it.effect(
    "D2 a reader that follows the log under load gets every event once, in order",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const users = yield* Effect.forEach(Array.from({ length: 20 }, (_, n) => `load-${n}`), put)
        const start = (yield* readAfter(0)).at(-1)?.position ?? 0
        const finished = yield* Ref.make(false)
        const reader = yield* Effect.forkChild(Effect.gen(function*() {
          const positions: Array<number> = []
          let after = start
          while (true) {
            const over = yield* Ref.get(finished)
            const events = yield* readAfter(after)
            positions.push(...events.map(({ position }) => position))
            after = events.at(-1)?.position ?? after
            if (over && events.length === 0) return positions
          }
        }))
        yield* Effect.forEach(Array.from({ length: 600 }), (_, n) => {
          const login = admit(users[n % users.length]!, rules)
          return n % 3 === 0 ? sql.withTransaction(Effect.andThen(login, Effect.sleep("2 millis"))) : login
        }, { concurrency: 24 })
        yield* Ref.set(finished, true)
        const positions = yield* Fiber.join(reader)
        const rows = yield* sql<{ position: bigint }>`
        SELECT position FROM sojourn.event_details WHERE position > ${BigInt(start)} ORDER BY position`
        assert.deepStrictEqual(positions, rows.map(({ position }) => Number(position)))
        assert.strictEqual(positions.length, 600)
      }),
    60_000
  )

  it.effect.each([2 ** 31 - 2, 2 ** 31 + 100])(
    "D2 so it is where positions outgrow what a lock holds, from %d",
    (position) =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const [early, late] = [yield* Fixtures.freshUserId, yield* Fixtures.freshUserId]
        yield* Effect.forEach([early, late], put)
        yield* sql.unsafe(`ALTER SEQUENCE sojourn.session_events_position_seq RESTART WITH ${position}`)
        yield* admit(early, rules)
        const read = Effect.map(readAfter(position - 1), (events) => events.map((event) => event.position - position))
        const commit = yield* held(admit(late, rules))
        yield* admit(early, rules)
        assert.deepStrictEqual(yield* read, [0])
        yield* commit
        assert.deepStrictEqual(yield* read, [0, 2, 4])
      })
  )
})
