import { assert, describe, it } from "@effect/vitest"
import { defaultTier, Limit, limitOf, Tier, TierLimits, User, UserId } from "@sojourn/core"
import { Effect, Option, Schema } from "effect"

const user = (fields: { readonly tier?: string; readonly maxSessions?: Limit } = {}) =>
  User.make({
    id: UserId.make("alice"),
    ...(fields.tier === undefined ? {} : { tier: Tier.make(fields.tier) }),
    maxSessions: Option.fromUndefinedOr(fields.maxSessions)
  })

describe("Limit", () => {
  it.each([0, 1, 2_147_483_647, "unlimited"])("C16 %s is a limit", (limit) => {
    assert.deepStrictEqual(Schema.decodeUnknownOption(Limit)(limit), Option.some(limit))
  })

  it.each([-1, 1.5, 2_147_483_648, Number.NaN, Number.POSITIVE_INFINITY, "3", "Unlimited", null, undefined])(
    "C16 %s is refused",
    (limit) => assert.deepStrictEqual(Schema.decodeUnknownOption(Limit)(limit), Option.none())
  )

  it("C16 a user with a negative limit is refused", () => {
    assert.throws(() => user({ maxSessions: -1 }))
    assert.deepStrictEqual(
      Schema.decodeOption(User)({ id: "alice", tier: "basic", maxSessions: -1 }),
      Option.none()
    )
  })
})

describe("limitOf", () => {
  it.effect.each(
    [
      ["basic", 2],
      ["essential", 3],
      ["plus", 5],
      ["premium", 10],
      ["pro", "unlimited"]
    ] as const
  )("T1 %s", ([tier, limit]) =>
    Effect.gen(function*() {
      assert.strictEqual(limitOf(user({ tier }), yield* TierLimits), limit)
    }))

  it.effect("T1 whoever has no tier is basic", () =>
    Effect.gen(function*() {
      assert.strictEqual(user().tier, defaultTier)
      assert.strictEqual(limitOf(user(), yield* TierLimits), 2)
    }))

  it.effect.each([0, 1, 99, "unlimited"] as const)(
    "T2 a limit of one's own, %s, wins over the tier's",
    (maxSessions) =>
      Effect.gen(function*() {
        assert.strictEqual(limitOf(user({ tier: "premium", maxSessions }), yield* TierLimits), maxSessions)
      })
  )

  it.effect("T3 an unknown tier counts as basic, however it is called", () =>
    Effect.gen(function*() {
      for (const tier of ["gold", "BASIC", "__proto__", "toString"]) {
        assert.strictEqual(limitOf(user({ tier }), yield* TierLimits), 2)
      }
    }))

  it("T4 another table, and T3 one without basic gives nobody anything that it does not name", () => {
    const tiers = new Map<Tier, Limit>([[Tier.make("gold"), 7]])
    assert.strictEqual(limitOf(user({ tier: "gold" }), tiers), 7)
    assert.strictEqual(limitOf(user({ tier: "silver" }), tiers), 0)
  })
})
