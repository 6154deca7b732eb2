/** Migrations: by many at once, into any schema, never destructive; and the mapped limit. */
import { assert, describe, it } from "@effect/vitest"
import { SessionRules, User, UserId, UserRepo } from "@sojourn/core"
import { Database, type DatabaseError, DatabaseSchema, Migrations } from "@sojourn/postgres"
import { Effect, Exit, Layer, Option, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { freshDatabase } from "../../testing/test/servers.ts"
import { admit, stores } from "./database.ts"

const within = <A, E, R>(url: Redacted.Redacted<string>, effect: Effect.Effect<A, E, R>) =>
  Effect.provide(effect, Database.layer({ url }), { local: true })

describe("migrations", () => {
  it.live("P1 many processes may migrate at once: one does it, the others find it done", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const done = yield* Effect.forEach(Array.from({ length: 8 }), () => within(url, Migrations.run({})), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(done.filter((names) => names.length > 0), [["0001_sessions"]])
      assert.deepStrictEqual(yield* within(url, Migrations.pending()), [])
    }).pipe(Effect.scoped), 30_000)

  it.live("P1 running them again changes nothing and loses nothing", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      assert.deepStrictEqual(yield* within(url, Migrations.pending()), ["0001_sessions"])
      yield* within(url, Migrations.run({}))
      const userId = UserId.make("kept")
      yield* within(
        url,
        Effect.provide(
          Effect.andThen(
            UserRepo.use((users) => users.put(User.make({ id: userId }))),
            admit(userId, SessionRules.make({}))
          ),
          stores()
        )
      )
      assert.deepStrictEqual(yield* within(url, Migrations.run({})), [])
      const rows = yield* within(url, SqlClient.SqlClient.use((sql) => sql`SELECT 1 FROM sojourn.sessions`))
      assert.strictEqual(rows.length, 1)
    }).pipe(Effect.scoped), 30_000)

  it.live(
    "P1 a connection that is lost meanwhile is an error and no defect, and another run does it all",
    () =>
      Effect.gen(function*() {
        const url = yield* freshDatabase
        const name = new URL(Redacted.value(url)).pathname.slice(1)
        const patience = (text: string) =>
          within(
            url,
            SqlClient.SqlClient.use((sql) =>
              sql.unsafe(`ALTER DATABASE ${name} SET idle_in_transaction_session_timeout = '${text}'`)
            )
          )
        yield* patience("1ms")
        // Where it is lost differs from one to the next.
        for (let time = 0; time < 10; time++) {
          const told = yield* Effect.exit(within(url, Migrations.run({})))
          assert.isFalse(Exit.hasDies(told), String(told))
        }
        yield* patience("0")
        yield* within(url, Migrations.run({}))
        assert.deepStrictEqual(yield* within(url, Migrations.pending()), [])
        yield* patience("1ms")
        const limit = Effect.scoped(Layer.build(Migrations.layerLimit("SELECT 1")))
        for (let time = 0; time < 10; time++) {
          const told = Exit.findErrorOption(yield* Effect.exit(within(url, limit)))
          if (Option.isSome(told)) assert.strictEqual(told.value.operation, "limitQuery")
        }
      }).pipe(Effect.scoped),
    30_000
  )

  it.live.each(["", "pg_logins", "app.logins", "a$$b", "é".repeat(32)])(
    "P1 a schema cannot be named %j, which is told before anything is made",
    (schema) =>
      Effect.gen(function*() {
        const url = yield* freshDatabase
        const named = Layer.succeed(DatabaseSchema, schema)
        for (const operation of [Migrations.run({}), Migrations.pending()]) {
          const error = yield* Effect.flip(within(url, Effect.asVoid(Effect.provide(operation, named))))
          assert.include(error.message, `The schema cannot be named "${schema}"`)
        }
      }).pipe(Effect.scoped),
    30_000
  )

  it.live("P1 the schema is a choice, and two in one database do not disturb each other", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const userId = UserId.make("twin")
      for (const schema of ["first", "Second \"quoted\""]) {
        yield* Effect.gen(function*() {
          yield* UserRepo.use((users) => users.put(User.make({ id: userId })))
          yield* Effect.forEach([1, 2, 3], () => admit(userId, SessionRules.make({})))
        }).pipe(
          Effect.provide(
            stores().pipe(
              Layer.provideMerge(Migrations.layer()),
              Layer.provideMerge(Database.layer({ url })),
              Layer.provide(Layer.succeed(DatabaseSchema, schema))
            ),
            { local: true }
          )
        )
      }
      const counts = yield* within(
        url,
        SqlClient.SqlClient.use((sql) =>
          sql`SELECT (SELECT count(*)::integer FROM first.sessions) AS a,
            (SELECT count(*)::integer FROM "Second ""quoted""".sessions) AS b, to_regnamespace('sojourn') IS NULL AS alone`
        )
      )
      assert.deepStrictEqual(counts, [{ a: 3, b: 3, alone: true }])
    }).pipe(Effect.scoped), 30_000)

  it.live("T4 the limit comes from the application's own table by one option", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const id = "0f8fad5b-d9cb-469f-a165-70867728950e"
      yield* within(
        url,
        SqlClient.SqlClient.use((sql) =>
          Effect.gen(function*() {
            yield* sql`CREATE TABLE accounts (id uuid PRIMARY KEY, devices integer)`
            yield* sql`INSERT INTO accounts VALUES (${id}, 1)`
          })
        )
      )
      const App = stores().pipe(
        Layer.provideMerge(Migrations.layer({ limitQuery: "SELECT devices FROM accounts WHERE id = $1::uuid" })),
        Layer.provideMerge(Database.layer({ url }))
      )
      yield* Effect.gen(function*() {
        const userId = UserId.make(id)
        const [, second] = yield* Effect.forEach([1, 2], () => admit(userId, SessionRules.make({})))
        assert.strictEqual(second?.evicted.length, 1)
        assert.strictEqual(yield* UserRepo.use((users) => users.limit(userId)), 1)
        yield* SqlClient.SqlClient.use((sql) => sql`UPDATE accounts SET devices = NULL`)
        yield* Effect.forEach([1, 2, 3], () => admit(userId, SessionRules.make({})))
        assert.strictEqual(yield* UserRepo.use((users) => users.limit(userId)), "unlimited")
      }).pipe(Effect.provide(App, { local: true }))
      // What the application does to its table later is told as the application's.
      const later = (change: string) =>
        within(
          url,
          Effect.gen(function*() {
            yield* SqlClient.SqlClient.use((sql) => sql.unsafe(change))
            const failed = yield* Effect.flip(Effect.provide(admit(UserId.make(id), SessionRules.make({})), stores()))
            return failed.message
          })
        )
      const negative = yield* later("UPDATE accounts SET devices = -3")
      assert.include(negative, "may have no session")
      assert.include(yield* later("ALTER TABLE accounts RENAME TO people"), "relation \"accounts\" does not exist")
      yield* within(url, SqlClient.SqlClient.use((sql) => sql`ALTER TABLE people RENAME TO accounts`))
      // Without the option the mapping stays as it is.
      assert.deepStrictEqual(yield* within(url, Migrations.run({})), [])
      const limit = UserRepo.use((users) => users.limit(UserId.make(id)))
      assert.strictEqual(yield* within(url, Effect.provide(limit, stores())), 0)
    }).pipe(Effect.scoped), 30_000)

  it.live(
    "T4 that option alone migrates nothing, and a query that is wrong is told as such",
    () =>
      Effect.gen(function*() {
        const url = yield* freshDatabase
        const map = (query: string) => within(url, Effect.scoped(Layer.build(Migrations.layerLimit(query))))
        const early = yield* Effect.flip(map("SELECT 5"))
        assert.strictEqual(early.reason, "NotMigrated")
        assert.deepStrictEqual(yield* within(url, Migrations.pending()), ["0001_sessions"])
        yield* within(url, Migrations.run({}))
        const wrong = yield* Effect.flip(map("SELECT devices FROM acounts WHERE id = $1"))
        assert.strictEqual(
          wrong.message,
          "The limitQuery cannot be used: relation \"acounts\" does not exist; correct it"
        )
        const query = "SELECT CASE WHEN $1 = 'kept' THEN 7 END"
        yield* Effect.forEach(Array.from({ length: 8 }), () => map(query), { concurrency: "unbounded" })
        const limit = UserRepo.use((users) => users.limit(UserId.make("kept")))
        assert.strictEqual(yield* within(url, Effect.provide(limit, stores())), 7)
      }).pipe(Effect.scoped),
    30_000
  )

  it.live("P1 a database without them is refused, saying what to do", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const error: DatabaseError = yield* Effect.flip(
        Effect.scoped(Layer.build(Layer.provide(Migrations.layerCheck, Database.layer({ url }))))
      )
      assert.strictEqual(error.reason, "NotMigrated")
      assert.include(error.message, "sojourn migrate")
      const late = yield* within(
        url,
        Effect.provide(Effect.flip(admit(UserId.make("early"), SessionRules.make({}))), stores())
      )
      assert.strictEqual(late._tag === "SessionRepoError" && late.reason, "NotMigrated")
    }).pipe(Effect.scoped), 30_000)
})
