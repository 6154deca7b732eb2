/** What an error of the database may tell. */
import { assert, it, layer } from "@effect/vitest"
import { repoError } from "@sojourn/postgres/Admit"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { inspect } from "node:util"
import { postgres } from "./database.ts"

layer(postgres(), { excludeTestServices: true, timeout: "60 seconds" })("database errors", (it) => {
  it.effect("C21 PostgreSQL quotes the row that it refuses; the error tells the constraint, and nothing of the row", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const refused = yield* Effect.flip(sql`
        INSERT INTO sojourn.sessions (id, user_id, secret_hash, created_at, last_activity_at, expires_at, user_agent)
        VALUES (gen_random_uuid(), 'ada', 'too short to be a hash', now(), now(), now(), 'Secret Browser')`)
      assert.include(inspect(refused, { depth: 20 }), "Secret Browser")
      const error = repoError("admit")(refused)
      const told = `${inspect(error, { depth: 20 })} ${JSON.stringify(error)}`
      assert.notInclude(told, "Secret Browser")
      assert.notInclude(told, "too short")
      assert.include(told, "secret_hash_check")
      assert.strictEqual(error.reason, "InvalidData")
    }))
})

it("a pooler that refuses the settings of a connection, or loses prepared statements, is told with the way out", () => {
  for (const code of ["08P01", "26000", "42P05"]) {
    const error = repoError("admit")(Object.assign(new Error("refused"), { code }))
    assert.include(error.message, "SOJOURN_DATABASE_POOLED=true")
    assert.strictEqual(error.reason, "Unavailable")
  }
  assert.include(repoError("admit")(Object.assign(new Error("lost"), { code: "08006" })).message, "was lost")
})
