/** The behaviour that every `UserRepo` must show. */
import { assert, it } from "@effect/vitest"
import { Limit, Tier, User, UserId, UserRepo } from "@sojourn/core"
import { Arbitrary, Effect, Layer, Option, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { freshUserId } from "./Fixtures.ts"
import { failure } from "./internal/given.ts"
import type { Options } from "./SessionRepoSuite.ts"

const someUser = Schema.Struct({ tier: Tier, maxSessions: Schema.Option(Limit) })

/** Registers the suite. Every case has users of its own, so the store may be shared and need not be empty. */
export const suite = (name: string, layer: Layer.Layer<UserRepo, unknown>, options: Options = {}): void =>
  it.layer(Layer.merge(layer, SecureRandom.layerWebCrypto), { ...options, excludeTestServices: true })(
    `UserRepo (${name})`,
    (it) => {
      it.effect.prop(
        "what was put is found again, all fields equal",
        { fields: Arbitrary.schema(someUser) },
        ({ fields }) =>
          Effect.gen(function*() {
            const users = yield* UserRepo
            const user = User.make({ id: yield* freshUserId, ...fields })
            yield* users.put(user)
            assert.deepStrictEqual(yield* users.find(user.id), user)
          }),
        { arbitrary: { runs: 40 }, timeout: 30_000 }
      )

      it.effect("the last put wins", () =>
        Effect.gen(function*() {
          const users = yield* UserRepo
          const id = yield* freshUserId
          yield* users.put(User.make({ id, tier: Tier.make("premium"), maxSessions: Option.some(7) }))
          yield* users.put(User.make({ id }))
          assert.deepStrictEqual(yield* users.find(id), User.make({ id }))
          assert.strictEqual(yield* users.limit(id), 2)
        }))

      it.effect("C7 nobody is found by an unknown id, and they have no limit", () =>
        Effect.gen(function*() {
          const users = yield* UserRepo
          const userId = yield* freshUserId
          assert.deepStrictEqual(yield* failure(users.find(userId)), { _tag: "UserNotFound", userId })
          assert.deepStrictEqual(yield* failure(users.limit(userId)), { _tag: "UserNotFound", userId })
        }))

      it.effect("ids are told apart to the letter", () =>
        Effect.gen(function*() {
          const users = yield* UserRepo
          const id = yield* freshUserId
          yield* users.put(User.make({ id }))
          for (const other of [`${id} `, id.toUpperCase(), `${id}%`]) {
            assert.deepInclude(yield* failure(users.find(UserId.make(other))), { _tag: "UserNotFound" })
          }
        }))

      it.effect("T2 a limit of one's own wins, 0 and unlimited too", () =>
        Effect.gen(function*() {
          const users = yield* UserRepo
          const id = yield* freshUserId
          for (const own of [0, 1, 2_147_483_647, "unlimited"] as const) {
            yield* users.put(User.make({ id, tier: Tier.make("plus"), maxSessions: Option.some(own) }))
            assert.strictEqual(yield* users.limit(id), own)
          }
        }))
    }
  )
