/** How many events a relay takes at once. */
import { assert, it } from "@effect/vitest"
import { sinkEach } from "@sojourn/core"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { logIn, sojourn } from "./alice.ts"
import { relay } from "./relayed.ts"

it.effect.each([0, -1])(
  "D2 batches of %s are taken as of one, instead of reading nothing at full speed",
  (batchSize) =>
    Effect.gen(function*() {
      const taken: Array<number> = []
      yield* Effect.replicateEffect(logIn, 2)
      yield* relay(sinkEach(({ position }) => Effect.sync(() => taken.push(position))), { batchSize })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(taken, [1, 2])
    }).pipe(Effect.provide(sojourn))
)
