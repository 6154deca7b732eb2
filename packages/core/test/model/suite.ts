/** V11 over generated interleavings: one of several parts, so that they can run beside each other. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { explore } from "./explore.ts"
import * as RealProcess from "./RealProcess.ts"
import * as SmallProcess from "./SmallProcess.ts"

const timeout = { timeout: 3_600_000 }

/**
 * In every one: no validate that started after a revoke, revoke-all, sweep, eviction or reuse had returned accepts the
 * session, but for what a front cache that has not heard of it yet may for its time to live, and, while the cache fails,
 * for the staleness bound; no good token of an active session is refused or ends it; no secret that was replaced is
 * accepted after its grace.
 */
export const suite = (part: number, parts: number) =>
  describe(`generated interleavings, part ${part + 1} of ${parts}`, () => {
    it.live("V11 revoked stays revoked: the handlers themselves", () =>
      Effect.gen(function*() {
        const { expected, explored } = yield* explore(RealProcess.start, 0.1, part, parts)
        assert.strictEqual(explored, expected)
      }), timeout)

    it.live(
      "V11 revoked stays revoked: a small model that follows the handlers line by line",
      () =>
        Effect.gen(function*() {
          const { expected, explored } = yield* explore(SmallProcess.start, 1, part, parts)
          assert.strictEqual(explored, expected)
        }),
      timeout
    )
  })
