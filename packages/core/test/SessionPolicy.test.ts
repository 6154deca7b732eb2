import { assert, describe, it } from "@effect/vitest"
import {
  CreateSession,
  createSession,
  putUser,
  type SessionId,
  SessionPolicy,
  SessionRepo,
  SessionRules,
  Span,
  Tier,
  TierPolicies,
  trustSession,
  User,
  UserId,
  validateSession
} from "@sojourn/core"
import { SojournTest } from "@sojourn/testing"
import { DateTime, Duration, Effect, Option, Schema } from "effect"
import { TestClock } from "effect/testing"

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

describe("TierPolicies", () => {
  const admins = Tier.make("admins")
  const strict = SessionRules.make({
    idleTimeout: Option.some(Duration.minutes(15)),
    defaultLifetime: Duration.hours(8),
    maximumLifetime: Duration.hours(12)
  })
  const userId = UserId.make("alice")
  const App = SojournTest.layer({ users: [User.make({ id: userId, maxSessions: Option.some("unlimited") })] })
  const logIn = (fields: Partial<Parameters<typeof CreateSession.make>[0]>) =>
    createSession(CreateSession.make({ userId, ...fields })).pipe(
      Effect.provideService(TierPolicies, new Map([[admins, strict]]))
    )

  it.effect("V3 V4 idle and absolute timeouts are the tier's, where the login names it", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const now = yield* DateTime.now
      const [strictOne, usual, unknown] = [
        yield* logIn({ tier: Option.some(admins) }),
        yield* logIn({}),
        yield* logIn({ tier: Option.some(Tier.make("nobody's")) })
      ]
      assert.deepStrictEqual(strictOne.expiresAt, DateTime.add(now, { hours: 8 }))
      for (const { expiresAt } of [usual, unknown]) assert.deepStrictEqual(expiresAt, DateTime.add(now, { days: 30 }))
      const idleOf = ({ sessionId }: { readonly sessionId: SessionId }) =>
        Effect.map(repo.find(sessionId), Option.flatMap((session) => session.idleTimeout))
      assert.deepStrictEqual(yield* idleOf(strictOne), strict.idleTimeout)
      assert.deepStrictEqual(yield* idleOf(usual), Option.none())

      yield* TestClock.adjust("15 minutes")
      const refused = yield* Effect.flip(validateSession(strictOne.token))
      assert.strictEqual(refused._tag === "SessionNotActive" && refused.reason, "idle")
      yield* validateSession(usual.token)
    }).pipe(Effect.provide(App)))

  it.effect("C23 a login that asks for more than its tier's maximum lifetime is refused", () =>
    Effect.gen(function*() {
      const expiresAt = Option.some(DateTime.add(yield* DateTime.now, { hours: 13 }))
      assert.strictEqual((yield* Effect.flip(logIn({ tier: Option.some(admins), expiresAt })))._tag, "InvalidExpiry")
      yield* logIn({ expiresAt })
    }).pipe(Effect.provide(App)))

  it.effect("T4 putUser holds the user to the tier's rules: what it protects stays", () =>
    Effect.gen(function*() {
      const { sessionId } = yield* logIn({})
      yield* trustSession(sessionId, userId)
      const protecting = new Map([[admins, SessionRules.make({ protectTrusted: true })]])
      const put = (tier: Tier) =>
        putUser(User.make({ id: userId, tier, maxSessions: Option.some(0) })).pipe(
          Effect.provideService(TierPolicies, protecting)
        )
      assert.strictEqual((yield* Effect.flip(put(admins)))._tag, "EvictionFailed")
      assert.deepStrictEqual((yield* put(Tier.make("basic"))).evicted, [sessionId])
    }).pipe(Effect.provide(App)))
})
