/** Rows and sessions. */
import { assert, it } from "@effect/vitest"
import { SessionRow } from "@sojourn/postgres/SessionRow"
import { Generators } from "@sojourn/testing"
import { Effect, Schema } from "effect"

it.effect.prop(
  "P1 every session comes back from its row as it was",
  { session: Generators.session },
  ({ session }) =>
    Effect.gen(function*() {
      const row = yield* Schema.encodeEffect(SessionRow)(session)
      assert.deepStrictEqual(yield* Schema.decodeEffect(SessionRow)(row), session)
    })
)
