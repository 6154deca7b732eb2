import { assert, describe, it } from "@effect/vitest"
import { SessionPolicy, SessionRules, Span } from "@sojourn/core"
import { Duration, Effect, Option, Schema } from "effect"

describe("SessionPolicy", () => {
  it.effect("by default: evict the oldest, protect nobody, 30 days, 365 days at most, no idle timeout", () =>
    Effect.gen(function*() {
      const { atLimit, defaultLifetime, idleTimeout, maximumLifetime, protectActiveWithin, protectTrusted } =
        yield* SessionPolicy
      assert.strictEqual(atLimit, "evict-oldest")
      assert.isFalse(protectTrusted)
      assert.deepStrictEqual([protectActiveWithin, idleTimeout], [Option.none(), Option.none()])
      assert.deepStrictEqual([defaultLifetime, maximumLifetime], [Duration.days(30), Duration.days(365)])
    }))

  it("durations are whole milliseconds from 1 to 7,300 days", () => {
    const isSpan = Schema.is(Span)
    for (const accepted of [Duration.millis(1), Duration.days(7_300)]) assert.isTrue(isSpan(accepted))
    for (
      const refused of [
        Duration.zero,
        Duration.millis(1.5),
        Duration.nanos(1n),
        Duration.days(7_301),
        Duration.infinity,
        Duration.millis(-1)
      ]
    ) assert.isFalse(isSpan(refused), Duration.format(refused))
    assert.throws(() => SessionRules.make({ idleTimeout: Option.some(Duration.zero) }))
  })
})
