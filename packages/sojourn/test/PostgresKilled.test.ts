/** PostgreSQL killed under load: what was acknowledged is there once, and everybody goes on by themselves. */
import { assert, describe, it } from "@effect/vitest"
import { Database } from "@sojourn/postgres"
import { Effect, Fiber, Layer, Option, Redacted, Result } from "effect"
import { SqlClient } from "effect/sql"
import {
  CreateSession,
  createSession,
  layerRelay,
  type LoggedEvent,
  putUser,
  RefreshTokenId,
  RelayName,
  sinkEach,
  Sojourn,
  User,
  UserId
} from "sojourn"
import { startPostgresServer } from "../../testing/test/servers.ts"
import { disagreements } from "./killedCheck.ts"

const users = Array.from({ length: 8 }, (_, at) => UserId.make(`survivor-${at}`))
const kills = 3

const idsOf = (delivered: ReadonlyArray<LoggedEvent>) => [
  ...new Set(delivered.map(({ event }) => String(event.eventId)))
]

describe("PostgreSQL killed", () => {
  it.live(
    "D1 D2 nothing acknowledged is lost or there twice, the limit holds, and logins and relay go on by themselves",
    () =>
      Effect.gen(function*() {
        const server = yield* startPostgresServer()
        const url = Redacted.make(server.url)
        const delivered: Array<LoggedEvent> = []
        const Relay = layerRelay(
          RelayName.make("recorder"),
          sinkEach((logged) => Effect.sync(() => delivered.push(logged)))
        )
        const App = Relay.pipe(
          Layer.provideMerge(Sojourn.layer({ databaseUrl: url, migrate: true, locationDatabase: "disabled" }))
        )
        const acknowledged = new Map<string, string>()
        const refused = new Set<string>()
        let attempts = 0
        let stop = false

        /** A login is not repeated: whoever got no answer tries as somebody new. */
        const login = Effect.suspend(() => {
          const label = `login-${attempts++}`
          const userId = users[attempts % users.length]!
          return Effect.result(createSession(CreateSession.make({
            userId,
            refreshTokenId: Option.some(RefreshTokenId.make(label))
          }))).pipe(Effect.tap((outcome) => {
            if (Result.isSuccess(outcome)) {
              acknowledged.set(label, outcome.success.sessionId)
              return Effect.void
            }
            refused.add(label)
            const { failure } = outcome
            assert.strictEqual(failure._tag === "SessionRepoError" ? failure.reason : failure._tag, "Unavailable")
            return Effect.sleep("5 millis")
          }))
        })
        const client = Effect.suspend(() => login).pipe(Effect.repeat({ while: () => !stop }))
        const moreLogins = (count: number) =>
          Effect.suspend(() => {
            const goal = acknowledged.size + count
            return Effect.sleep("10 millis").pipe(Effect.repeat({ until: () => acknowledged.size >= goal }))
          })

        yield* Effect.gen(function*() {
          yield* Effect.forEach(users, (id) => putUser(User.make({ id })))
          const load = yield* Effect.forkChild(
            Effect.all(Array.from({ length: 16 }, () => client), { concurrency: "unbounded" })
          )
          for (let kill = 0; kill < kills; kill++) {
            yield* moreLogins(150)
            yield* server.kill
            yield* Effect.sleep("300 millis")
            yield* server.restart
          }
          yield* moreLogins(150)
          stop = true
          yield* Fiber.join(load)

          const check = Effect.gen(function*() {
            const sql = yield* SqlClient.SqlClient
            const rows = yield* sql<{ readonly label: string; readonly id: string; readonly times: bigint }>`
              SELECT refresh_token_id AS label, min(id::text) AS id, count(*) AS times
              FROM sojourn.sessions GROUP BY refresh_token_id`
            const kept = new Map(rows.map(({ id, label }) => [label, id]))
            assert.deepStrictEqual(rows.filter(({ times }) => times !== 1n), [])
            assert.deepStrictEqual([...acknowledged].filter(([label, id]) => kept.get(label) !== id), [])
            // What is there and was not acknowledged had no answer: its commit was under way.
            assert.deepStrictEqual(
              [...kept.keys()].filter((label) => !acknowledged.has(label) && !refused.has(label)),
              []
            )
            assert.deepStrictEqual(yield* disagreements, [])
            const [over] = yield* sql<{ readonly over: bigint }>`
              SELECT count(*) AS over FROM (
                SELECT user_id FROM sojourn.sessions WHERE ended_at IS NULL GROUP BY user_id HAVING count(*) > 2
              ) o`
            assert.strictEqual(over?.over, 0n)

            const events = yield* sql<{ readonly event_id: string }>`
              SELECT event_id FROM sojourn.event_details ORDER BY position`
            yield* Effect.sleep("50 millis").pipe(
              Effect.repeat({ until: () => idsOf(delivered).length >= events.length, times: 200 })
            )
            assert.deepStrictEqual(idsOf(delivered), events.map(({ event_id }) => event_id))
          })
          yield* Effect.provide(check, Database.layer({ url }))
        }).pipe(Effect.provide(App, { local: true }))
        assert.isAbove(refused.size, 0)
      }).pipe(Effect.scoped),
    120_000
  )
})
