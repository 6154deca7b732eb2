/** Applications that share a database, each with a schema of its own. */
import { assert, layer } from "@effect/vitest"
import { EventLog, SessionRepo, SessionRules, User, UserId, UserRepo } from "@sojourn/core"
import { Database, DatabaseSchema, Migrations } from "@sojourn/postgres"
import { DateTime, Deferred, Duration, Effect, Fiber, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { freshDatabase } from "../../testing/test/servers.ts"
import { admit, stores } from "./database.ts"

const database = Layer.unwrap(Effect.map(freshDatabase, (url) => Database.layer({ url })))

const tenant = (schema: string) =>
  Layer.build(Layer.fresh(
    stores().pipe(
      Layer.provideMerge(Migrations.layer()),
      Layer.provide(Layer.succeed(DatabaseSchema, schema))
    )
  ))

const userId = UserId.make("alice")
const login = Effect.andThen(
  UserRepo.use((users) => users.put(User.make({ id: userId }))),
  admit(userId, SessionRules.make({}))
)

layer(database, { excludeTestServices: true, timeout: "60 seconds" })("schemas", (it) => {
  it.effect("D2 a transaction under way in one schema holds back neither events, nor logins, nor sweeps of another", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const [one, other] = [yield* tenant("tenant_one"), yield* tenant("tenant_other")]
      const began = yield* Deferred.make<void>()
      const commit = yield* Deferred.make<void>()
      const slow = yield* Effect.forkChild(
        sql.withTransaction(Effect.gen(function*() {
          yield* login
          yield* SessionRepo.use((repo) => repo.sweep(DateTime.makeUnsafe(0), 1))
          yield* Deferred.succeed(began, undefined)
          yield* Deferred.await(commit)
        })).pipe(Effect.provideContext(other))
      )
      yield* Deferred.await(began)
      yield* Effect.gen(function*() {
        const { candidate } = yield* login
        const events = yield* EventLog.use((log) => log.read({ after: 0, limit: 10, userId: Option.none() }))
        assert.deepStrictEqual(events.map(({ event }) => event._tag), ["SessionCreated"])
        const later = DateTime.add(candidate.session.expiresAt, { seconds: 1 })
        assert.strictEqual((yield* SessionRepo.use((repo) => repo.sweep(later, 10))).length, 1)
      }).pipe(Effect.provideContext(one), Effect.timeout(Duration.seconds(10)))
      yield* Deferred.succeed(commit, undefined)
      yield* Fiber.join(slow)
    }))
})
