import { UserRepo } from "@sojourn/core"
import { SessionRepoMemory, UserRepoMemory } from "@sojourn/testing"
import { Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"

/** Users in a store that takes its time, so that other fibers come between any two steps. */
const slowUsers = Layer.effect(
  UserRepo,
  Effect.map(UserRepo, (users) => ({
    ...users,
    limit: (userId) => Effect.yieldNow.pipe(Effect.andThen(users.limit(userId)), Effect.tap(() => Effect.yieldNow))
  }))
).pipe(Layer.provideMerge(UserRepoMemory.layer()))

/** Ids that take their time as well. */
const slowRandom = Layer.effect(
  SecureRandom.SecureRandom,
  Effect.map(SecureRandom.SecureRandom, (random) => ({
    ...random,
    // TypeScript cannot match a function with the generator's overloads.
    uuidV7: (() => Effect.tap(random.uuidV7(), () => Effect.yieldNow)) as SecureRandom.UuidGenerator
  }))
).pipe(Layer.provide(SecureRandom.layerWebCrypto))

export const memory = SessionRepoMemory.layer.pipe(
  Layer.provideMerge(slowUsers),
  Layer.provide(slowRandom)
)
