/** PostgreSQL killed in the middle of logins: all of a login or nothing of it. */
import { assert, describe, it } from "@effect/vitest"
import { SessionRules, User, UserId, UserRepo } from "@sojourn/core"
import { Database, Migrations } from "@sojourn/postgres"
import { Effect, Fiber, Layer, Random, Redacted, Result } from "effect"
import { SqlClient } from "effect/sql"
import { startPostgresServer } from "../../testing/test/servers.ts"
import { admit, stores } from "./database.ts"
import { books } from "./raceCheck.ts"

const names = Array.from({ length: 8 }, (_, n) => UserId.make(`survivor-${n}`))

describe("crash", () => {
  it.live(
    "C21 session, evictions and events are all there or none, wherever the server is killed",
    () =>
      Effect.gen(function*() {
        const server = yield* startPostgresServer()
        const url = Redacted.make(server.url)
        const App = stores().pipe(Layer.provideMerge(Migrations.layer()), Layer.provideMerge(Database.layer({ url })))
        const acknowledged = new Set<string>()

        for (let kill = 0; kill < 5; kill++) {
          yield* Effect.gen(function*() {
            yield* Effect.forEach(names, (id) => UserRepo.use((users) => users.put(User.make({ id }))))
            const load = yield* Effect.forkChild(Effect.forEach(
              Array.from({ length: 4000 }),
              (_, n) =>
                Effect.result(admit(names[n % names.length]!, SessionRules.make({}))).pipe(Effect.map((outcome) => {
                  if (Result.isSuccess(outcome)) acknowledged.add(outcome.success.candidate.session.id)
                  return Result.isSuccess(outcome) ? undefined : outcome.failure
                })),
              { concurrency: 32 }
            ))
            const goal = acknowledged.size + (yield* Random.nextIntBetween(20, 1000))
            yield* Effect.sleep("1 millis").pipe(Effect.repeat({ until: () => acknowledged.size >= goal }))
            // Not only when an answer has just come.
            yield* Effect.sleep(yield* Random.nextIntBetween(0, 20))
            yield* server.kill
            const failures = (yield* Fiber.join(load)).filter((failure) => failure !== undefined)
            assert.isAbove(failures.length, 0)
            assert.isTrue(
              failures.every((failure) => failure._tag === "SessionRepoError" && failure.reason === "Unavailable")
            )
          }).pipe(Effect.provide(App, { local: true }))
          yield* server.restart

          yield* Effect.gen(function*() {
            const sql = yield* SqlClient.SqlClient
            for (const name of names) {
              const { active, created, ended, evicted, sessions, unmatched } = yield* books(name)
              assert.isAtMost(active, 2)
              assert.deepStrictEqual({ created, evicted, unmatched }, {
                created: sessions,
                evicted: ended,
                unmatched: 0
              })
            }
            const rows = yield* sql<{ id: string }>`SELECT id FROM sojourn.sessions`
            const kept = new Set(rows.map(({ id }) => id))
            assert.deepStrictEqual([...acknowledged].filter((id) => !kept.has(id)), [])
          }).pipe(Effect.provide(App, { local: true }))
        }
        assert.isAbove(acknowledged.size, 50)
      }).pipe(Effect.scoped),
    300_000
  )
})
