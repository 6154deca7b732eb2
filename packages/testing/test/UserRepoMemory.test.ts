import { assert, describe, it } from "@effect/vitest"
import { type Limit, Tier, TierLimits, User, UserId, UserRepo } from "@sojourn/core"
import { UserRepoMemory } from "@sojourn/testing"
import * as UserRepoSuite from "@sojourn/testing/UserRepoSuite"
import { Effect, Layer } from "effect"

UserRepoSuite.suite("memory", UserRepoMemory.layer())

describe("UserRepoMemory", () => {
  const alice = User.make({ id: UserId.make("alice"), tier: Tier.make("gold") })

  it.effect("has the users that it was given", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* UserRepo.use((users) => users.find(alice.id)), alice)
    }).pipe(Effect.provide(UserRepoMemory.layer({ users: [alice] }))))

  it.effect("T4 takes the application's table of tiers", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* UserRepo.use((users) => users.limit(alice.id)), 7)
    }).pipe(
      Effect.provide(UserRepoMemory.layer({ users: [alice] })),
      Effect.provideService(TierLimits, new Map<Tier, Limit>([[Tier.make("gold"), 7]]))
    ))

  it.effect("T4 takes it from a Layer as well", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* UserRepo.use((users) => users.limit(alice.id)), 8)
    }).pipe(Effect.provide(
      UserRepoMemory.layer({ users: [alice] }).pipe(
        Layer.provide(Layer.succeed(TierLimits, new Map<Tier, Limit>([[Tier.make("gold"), 8]])))
      )
    )))
})
