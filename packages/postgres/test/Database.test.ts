/** How the connection is opened. */
import { assert, describe, it } from "@effect/vitest"
import { SessionRules, User, UserId, UserRepo } from "@sojourn/core"
import { Database, Migrations } from "@sojourn/postgres"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { freshDatabase } from "../../testing/test/servers.ts"
import { admit, stores } from "./database.ts"

const state = (options: Omit<Database.Options, "url">) =>
  Effect.gen(function*() {
    const url = yield* freshDatabase
    return yield* Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const [timeout] = yield* sql<{ statement_timeout: string }>`SHOW statement_timeout`
      const [prepared] = yield* sql<
        { statements: number }
      >`SELECT count(*)::int AS statements FROM pg_prepared_statements`
      return { timeout: timeout?.statement_timeout, isPrepared: prepared!.statements > 0 }
    }).pipe(Effect.provide(Database.layer({ url, ...options, maxConnections: 1 })))
  })

describe("Database", () => {
  it.live("statements are prepared, and PostgreSQL gives up on one after 10 seconds", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* state({}), { timeout: "10s", isPrepared: true })
    }))

  it.live("through a pooler nothing is asked of the connection, and nothing is left on it", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* state({ pooled: true }), { timeout: "0", isPrepared: false })
    }))

  it.live("what is said of the timeout and of preparing holds through a pooler, too", () =>
    Effect.gen(function*() {
      const options = { pooled: true, statementTimeout: "3 seconds", prepare: true } as const
      assert.deepStrictEqual(yield* state(options), { timeout: "3s", isPrepared: true })
    }))

  it.live(
    "a database whose transactions are SERIALIZABLE by default holds the limit all the same",
    () =>
      Effect.gen(function*() {
        const url = yield* freshDatabase
        const run = <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient>, options: Partial<Database.Options> = {}) =>
          Effect.provide(effect, Database.layer({ url, ...options }), { local: true })
        yield* run(SqlClient.SqlClient.use((sql) =>
          sql`
        DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$`
        ))
        yield* run(Migrations.run({}))
        const userId = UserId.make("strict")
        const logIn = Effect.provide(
          Effect.andThen(
            UserRepo.use((users) => users.put(User.make({ id: userId }))),
            admit(userId, SessionRules.make({}))
          ),
          stores(),
          { local: true }
        )
        yield* run(logIn)
        const error = yield* Effect.flip(run(logIn, { pooled: true }))
        assert.deepInclude(error, { _tag: "SessionRepoError", reason: "IsolationLevel" })
        assert.include(error.message, "default_transaction_isolation")
      }).pipe(Effect.scoped),
    30_000
  )
})
