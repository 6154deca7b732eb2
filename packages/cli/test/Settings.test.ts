/** What is said of variables that are not understood. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { assertFailure, sojourn } from "./process.ts"

layer(NodeServices.layer, { excludeTestServices: true })("variables", (it) => {
  it.effect.each([["SOJOURN_DATABASE_POOLED", "maybe"], ["SOJOURN_REDIS_PREFIX", "{x}"]])(
    "%s that is not understood is named in a sentence, not as a data type",
    ([variable, value]) =>
      Effect.gen(function*() {
        const env = {
          DATABASE_URL: "postgres://127.0.0.1:1/none",
          REDIS_URL: "redis://127.0.0.1:1",
          [variable!]: value!
        }
        const ended = yield* sojourn(["list", "alice"], env)
        assertFailure(ended, `sojourn: A variable cannot be used: Expected `)
        assert.include(ended.stderr, `at ["${variable}"]\n`)
      }),
    60_000
  )
})
