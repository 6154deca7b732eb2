import { assert, layer } from "@effect/vitest"
import { User, UserId, UserRepo } from "@sojourn/core"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { postgres } from "./database.ts"

layer(postgres(), { excludeTestServices: true, timeout: "60 seconds" })("UserRepoPostgres", (it) => {
  it.effect("P1 a user who was changed by hand, to what cannot be read, is told as such", () =>
    Effect.gen(function*() {
      const repo = yield* UserRepo
      const sql = yield* SqlClient.SqlClient
      const id = UserId.make("ada")
      yield* repo.put(User.make({ id }))
      yield* sql`UPDATE sojourn.users SET tier = repeat('x', 81) WHERE id = ${id}`
      const told = yield* Effect.flip(repo.find(id))
      assert.isTrue(told._tag === "UserRepoError" && told.reason === "InvalidData")
      assert.include(told.message, "cannot be read")
    }))
})
