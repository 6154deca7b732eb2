/** What a database user needs who does not own the schema. */
import { assert, describe, it } from "@effect/vitest"
import {
  EventLog,
  RelayName,
  RelayRepo,
  SessionEnd,
  SessionRepo,
  SessionRules,
  system,
  User,
  UserId,
  UserRepo
} from "@sojourn/core"
import { Database, Migrations } from "@sojourn/postgres"
import { DateTime, Effect, Layer, Option, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { freshDatabase } from "../../testing/test/servers.ts"
import { admit, stores } from "./database.ts"

const [, grants = ""] = /```sql\n([^`]*GRANT USAGE ON SCHEMA[^`]*)```/.exec(
  readFileSync(join(import.meta.dirname, "..", "README.md"), "utf8")
) ?? []

/** A database, and the same as a user of its own who may do nothing yet. */
const freshUser = Effect.gen(function*() {
  const url = yield* freshDatabase
  const name = new URL(Redacted.value(url)).pathname.slice(1)
  const asOwner = Database.layer({ url })
  const run = (statement: string) =>
    Effect.provide(SqlClient.SqlClient.use((sql) => sql.unsafe(statement)), asOwner, { local: true })
  yield* Effect.acquireRelease(
    run(`CREATE ROLE ${name} LOGIN PASSWORD 'guest'`),
    () => Effect.orDie(Effect.andThen(run(`DROP OWNED BY ${name}`), run(`DROP ROLE ${name}`)))
  )
  const guest = new URL(Redacted.value(url))
  guest.username = name
  guest.password = "guest"
  return { name, run, asOwner, asGuest: Database.layer({ url: Redacted.make(guest.href) }) }
})

const everything = Effect.gen(function*() {
  const repo = yield* SessionRepo
  const userId = UserId.make("guest")
  yield* UserRepo.use((users) => users.put(User.make({ id: userId })))
  const { candidate } = yield* admit(userId, SessionRules.make({}))
  const now = yield* DateTime.now
  const end = SessionEnd.make({ at: now, reason: "admin_action", actor: system })
  yield* repo.end(candidate.session.id, end, { owner: Option.none(), reuse: Option.none() })
  yield* repo.sweep(now, 10)
  assert.strictEqual(yield* repo.purge(DateTime.add(now, { days: 1 }), 10), 1)
  assert.lengthOf(yield* EventLog.use((log) => log.read({ after: 0, limit: 10, userId: Option.none() })), 2)
  assert.lengthOf(yield* RelayRepo.use((relays) => relays.list), 0)
  yield* RelayRepo.use((relays) => relays.setAside(RelayName.make("any"), 1))
  yield* repo.erase(userId, system, now)
  yield* repo.forget(userId)
  yield* EventLog.use((log) => log.purge(DateTime.add(now, { days: 1 }), 10))
})

describe("a database user who does not own the schema", () => {
  it.live("is told what is missing, and needs no more than the page says", () =>
    Effect.gen(function*() {
      const { asGuest, asOwner, name, run } = yield* freshUser
      const migrating = yield* Effect.flip(Effect.provide(Migrations.run({}), asGuest, { local: true }))
      assert.include(migrating.message, "may not create or change Sojourn's schema")
      yield* Effect.provide(Migrations.run({}), asOwner, { local: true })
      const used = Effect.provide(everything, stores()).pipe(Effect.provide(asGuest, { local: true }))
      const refused = yield* Effect.flip(used)
      assert.include(refused.message, "lacks a permission")

      assert.include(grants, "GRANT USAGE ON SCHEMA sojourn TO app;")
      yield* Effect.forEach(grants.trim().split("\n"), (grant) => run(grant.replace(" app;", ` ${name}`)))
      yield* used
      yield* Effect.provide(Migrations.pending(), asGuest, { local: true })

      const mapped = (query: string) => Effect.scoped(Layer.build(Layer.provide(Migrations.layerLimit(query), asGuest)))
      assert.include((yield* Effect.flip(mapped("SELECT 5"))).message, "may not set the limitQuery")
      yield* run("CREATE TABLE people (id text, devices integer)")
      const query = "SELECT devices FROM people WHERE id = $1"
      yield* Effect.provide(Migrations.run({ limitQuery: query }), asOwner, { local: true })
      yield* mapped(query)
      assert.include((yield* Effect.flip(used)).message, "permission denied for table people")
    }).pipe(Effect.scoped), 60_000)
})
