/** What the application does with sessions in a transaction of its own sees what it did before. */
import { assert, layer } from "@effect/vitest"
import { SessionLookup, SessionRules, User, UserId, UserRepo } from "@sojourn/core"
import { EmbeddedDatabase, Migrations } from "@sojourn/postgres"
import { Duration, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { admit, postgres, stores } from "./database.ts"

const embedded = stores().pipe(Layer.provideMerge(Migrations.layer()), Layer.provideMerge(EmbeddedDatabase.layer()))

const databases = { PostgreSQL: postgres(), PGlite: embedded }

for (const [name, database] of Object.entries(databases)) {
  layer(Layer.provideMerge(SessionLookup.layer, database), { excludeTestServices: true, timeout: "60 seconds" })(
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
    }
  )
}
