/** The event log where transactions have another isolation level by default, and a pooler takes no settings. */
import { assert, it } from "@effect/vitest"
import { EventLog, RelayName, RelayRepo } from "@sojourn/core"
import { Database, EventLogPostgres, Migrations, RelayRepoPostgres } from "@sojourn/postgres"
import { Duration, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { freshDatabase } from "../../testing/test/servers.ts"

it.live(
  "D2 an event log that could miss events is not read, and what is told of it is true for events, not for logins",
  () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      yield* Effect.andThen(
        SqlClient.SqlClient.use((sql) =>
          sql`
        DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$`
        ),
        Migrations.run({})
      ).pipe(Effect.provide(Database.layer({ url }), { local: true }))
      const refused = yield* Effect.all([
        Effect.flip(EventLog.use((log) => log.read({ after: 0, limit: 1 }))),
        Effect.flip(RelayRepo.use((repo) =>
          repo.hold(
            { name: RelayName.make("late"), holder: "019a3f5e-7c00-7a1b-8c2d-3e4f5a6b7c8d" },
            Duration.seconds(3),
            "end"
          )
        ))
      ]).pipe(
        Effect.provide(Layer.merge(EventLogPostgres.layer, RelayRepoPostgres.layer)),
        Effect.provide(Database.layer({ url, pooled: true }), { local: true })
      )
      for (const { message, reason } of refused) {
        assert.strictEqual(reason, "IsolationLevel")
        assert.notInclude(message, "limit")
        assert.include(message, "Events could be missed")
        assert.include(message, "default_transaction_isolation")
      }
    }).pipe(Effect.scoped),
  30_000
)
