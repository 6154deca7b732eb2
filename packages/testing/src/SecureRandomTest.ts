/** Random bytes that are the same at every run. Never for anything but tests. */
import { Effect, Layer, Random } from "effect"
import { SecureRandom } from "effect/crypto"

/** Ids and secrets follow from `seed` (default: `"sojourn"`) and, for UUIDv7, from the clock. */
export const layer = (seed: string | number = "sojourn"): Layer.Layer<SecureRandom.SecureRandom> =>
  Layer.effect(
    SecureRandom.SecureRandom,
    Effect.map(Random.withSeed(Random.Random, seed), (random) =>
      SecureRandom.make((size) =>
        Uint8Array.from({ length: size }, () => Math.floor(random.nextDoubleUnsafe() * 256))
      ))
  )
