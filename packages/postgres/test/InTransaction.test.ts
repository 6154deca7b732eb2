/** What the application does with sessions in a transaction of its own sees what it did before. */
import { assert, layer } from "@effect/vitest"
import {
  CreateSession,
  createSession,
  DeviceEnricher,
  EventBusInProcess,
  getSession,
  LocationEnricher,
  SessionCacheInProcess,
  SessionLookup,
  SessionRules,
  User,
  UserId,
  UserRepo,
  validateSession
} from "@sojourn/core"
import { EmbeddedDatabase, Migrations } from "@sojourn/postgres"
import { Duration, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { admit, postgres, stores } from "./database.ts"

const embedded = stores().pipe(Layer.provideMerge(Migrations.layer()), Layer.provideMerge(EmbeddedDatabase.layer()))

const databases = { PostgreSQL: postgres(), PGlite: embedded }

const application = Layer.mergeAll(
  SessionLookup.layer,
  SessionCacheInProcess.layer(),
  EventBusInProcess.layer(),
  DeviceEnricher.layerDisabled,
  LocationEnricher.layerDisabled
)

for (const [name, database] of Object.entries(databases)) {
  layer(Layer.provideMerge(application, database), { excludeTestServices: true, timeout: "60 seconds" })(
    `in a transaction, ${name}`,
    (it) => {
      it.effect("V9 a session is found in the transaction in which it was created, and nowhere else", () =>
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const lookup = yield* SessionLookup
          const userId = UserId.make("alice")
          yield* UserRepo.use((users) => users.put(User.make({ id: userId })))
          const lost = yield* sql.withTransaction(Effect.gen(function*() {
            const { candidate } = yield* admit(userId, SessionRules.make({}))
            const found = yield* lookup.credential(candidate.session.id)
            assert.deepStrictEqual(Option.getOrThrow(found).session.id, candidate.session.id)
            return yield* Effect.fail(candidate.session.id)
          })).pipe(Effect.timeout(Duration.seconds(10)), Effect.flip)
          assert.isString(lost)
          if (typeof lost === "string") assert.isTrue(Option.isNone(yield* lookup.credential(lost)))
        }))

      it.effect("V10 what is read in a transaction that is rolled back is not cached", () =>
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const userId = UserId.make("bob")
          yield* UserRepo.use((users) => users.put(User.make({ id: userId })))
          const login = Effect.gen(function*() {
            const created = yield* createSession(CreateSession.make({ userId }))
            yield* getSession(created.sessionId, userId)
            yield* validateSession(created.token)
            return created
          })
          const lost = yield* sql.withTransaction(Effect.flatMap(login, Effect.fail)).pipe(Effect.flip)
          assert.isTrue("token" in lost)
          if ("token" in lost) {
            const error = yield* Effect.flip(validateSession(lost.token))
            assert.strictEqual(error._tag, "InvalidSessionToken")
          }
          const kept = yield* sql.withTransaction(login)
          yield* validateSession(kept.token)
        }))
    }
  )
}
