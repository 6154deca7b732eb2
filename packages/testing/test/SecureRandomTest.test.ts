import { assert, it } from "@effect/vitest"
import { SecureRandomTest } from "@sojourn/testing"
import { Effect } from "effect"
import { SecureRandom } from "effect/crypto"

const secrets = (seed?: string) =>
  SecureRandom.SecureRandom.use((random) => Effect.replicateEffect(random.randomBytes(32), 100)).pipe(
    Effect.provide(SecureRandomTest.layer(seed))
  )

it.effect("the same seed gives the same bytes, another seed others", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* secrets(), yield* secrets())
    assert.deepStrictEqual(yield* secrets("a"), yield* secrets("a"))
    assert.notDeepEqual(yield* secrets("a"), yield* secrets("b"))
  }))

it.effect("secrets do not repeat", () =>
  Effect.gen(function*() {
    assert.strictEqual(new Set((yield* secrets()).map(String)).size, 100)
  }))
