/** What an error of the database may tell. */
import { assert, it, layer } from "@effect/vitest"
import { isTimeUp, mayBeOnes, NoTurn } from "@sojourn/postgres/DatabaseError"
import { repoError } from "@sojourn/postgres/RepoError"
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

const errorOf = (code: string) => repoError("admit")(Object.assign(new Error("refused"), { code }))

it("C14 a server that takes no writes, or no lock in time, is away; what one of several may have caused is told apart", () => {
  for (const code of ["25006", "55P03", "57014"]) assert.strictEqual(errorOf(code).reason, "Unavailable")
  const noTurn = repoError("admit")(new NoTurn())
  assert.strictEqual(noTurn.message, errorOf("55P03").message)
  assert.deepStrictEqual([noTurn, errorOf("55P03"), errorOf("57014"), errorOf("25006")].map(isTimeUp), [
    true,
    true,
    true,
    false
  ])
  const codes = ["21000", "P0001", "22P02", "23505", "25006", "55P03", "58030", "XX000", "40001"]
  assert.deepStrictEqual(codes.filter((code) => mayBeOnes(errorOf(code))), ["21000", "P0001", "22P02", "23505"])
  assert.isFalse(mayBeOnes(repoError("admit")(new Error("no state"))))
})
