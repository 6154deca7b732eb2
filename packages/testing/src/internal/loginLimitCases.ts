/** What a login does when the user is at their limit, as subscribers and the cache see it: C8 to C20, T1 to T3. */
import { assert, type Vitest } from "@effect/vitest"
import { SessionPolicy, SessionRepo, SessionRules, Tier, User, UserRepo } from "@sojourn/core"
import { Duration, Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { after, device, freshUserId } from "../Fixtures.ts"
import { allOf, countOf, eventsOf, failure, setLimit, type Store } from "./given.ts"
import { givenLogins, loginsOf, onTestClock } from "./login.ts"

const withRules = (rules: Partial<Parameters<typeof SessionRules.make>[0]>) =>
  Effect.provideService(SessionPolicy, SessionRules.make(rules))

/** Logs in so many times, an hour apart. */
const hourly = <A, E, R>(logIn: Effect.Effect<A, E, R>, times: number) =>
  Effect.replicateEffect(Effect.tap(logIn, () => TestClock.adjust("1 hour")), times)

export const loginLimitCases = (it: Vitest.MethodsNonLive<Store>): void => {
  it.effect("C8 at 3 of 3 the oldest ends, and is gone from the cache and its index", () =>
    onTestClock(Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { cached, indexed, logIn, writes } = yield* givenLogins(3)
      const [first, second, third] = (yield* hourly(logIn(), 3)).map(({ sessionId }) => sessionId)
      const { evicted, sessionId: fourth } = yield* logIn()
      assert.deepStrictEqual(evicted, [first!])
      const { end } = Option.getOrThrow(yield* repo.find(first!))
      assert.deepStrictEqual(
        Option.map(end, ({ actor, at, reason }) => [at, reason, actor.kind]),
        Option.some([after("3 hours"), "session_limit_exceeded", "system"])
      )
      assert.isTrue(Option.isNone(yield* cached(first!)))
      assert.isTrue(Option.isSome(yield* cached(fourth)))
      assert.sameMembers([...yield* indexed], [second!, third!, fourth])
      assert.strictEqual(writes.length, 4)
    })))

  it.effect("C9 below the limit nothing is evicted, C10 nor without one", () =>
    onTestClock(Effect.gen(function*() {
      const three = yield* givenLogins(3)
      const unlimited = yield* givenLogins("unlimited")
      const responses = [...yield* hourly(three.logIn(), 3), ...yield* hourly(unlimited.logIn(), 12)]
      assert.deepStrictEqual(responses.flatMap(({ evicted }) => evicted), [])
    })))

  it.effect("C12 publishes SessionEvicted with reason and device, then SessionCreated, as the event log has them", () =>
    onTestClock(Effect.gen(function*() {
      const { logIn, published, userId } = yield* givenLogins(1)
      const first = yield* logIn()
      const second = yield* logIn()
      const [evicted, created] = published.at(-1)!
      assert.isTrue(evicted?._tag === "SessionEvicted" && created?._tag === "SessionCreated")
      if (evicted?._tag !== "SessionEvicted" || created?._tag !== "SessionCreated") return
      assert.strictEqual(evicted.sessionId, first.sessionId)
      assert.strictEqual(evicted.reason, "session_limit_exceeded")
      assert.deepStrictEqual(evicted.device, Option.some(device))
      assert.deepStrictEqual(evicted.evictedBy, Option.some(second.sessionId))
      assert.strictEqual(created.sessionId, second.sessionId)
      assert.deepStrictEqual(published.flat(), yield* TestClock.withLive(eventsOf(userId, 3)))
    })))

  it.effect("C15 8 active and the limit lowered to 2: the next login evicts 7, one event each, oldest first", () =>
    onTestClock(Effect.gen(function*() {
      const { indexed, logIn, published, userId } = yield* givenLogins("unlimited")
      const eight = (yield* hourly(logIn(), 8)).map(({ sessionId }) => sessionId)
      yield* setLimit(userId, 2)
      const { evicted, sessionId } = yield* logIn()
      assert.deepStrictEqual(evicted, eight.slice(0, 7))
      const told = published.at(-1)!.map((event) => event._tag === "SessionEvicted" ? event.sessionId : event._tag)
      assert.deepStrictEqual(told, [...evicted, "SessionCreated"])
      assert.deepStrictEqual(yield* countOf(userId, after("8 hours")), { total: 9, active: 2 })
      assert.sameMembers([...yield* indexed], [eight[7]!, sessionId])
    })))

  it.effect("C16 a limit of 0: SessionLimitExceeded, and nothing is written or published", () =>
    onTestClock(Effect.gen(function*() {
      const { logIn, published, userId, writes } = yield* givenLogins(0)
      const refused = { _tag: "SessionLimitExceeded", userId, limit: 0, active: 0 }
      assert.deepStrictEqual(yield* failure(logIn()), refused)
      assert.deepStrictEqual(yield* allOf(userId), { sessions: [], events: [] })
      assert.deepStrictEqual([writes, published], [[], []])
    })))

  it.effect("C17 reject: at the limit SessionLimitExceeded, and nothing is written or published", () =>
    onTestClock(Effect.gen(function*() {
      const { logIn, published, userId, writes } = yield* givenLogins(2)
      const logInOrNot = logIn().pipe(withRules({ atLimit: "reject" }))
      yield* hourly(logInOrNot, 2)
      const before = yield* TestClock.withLive(allOf(userId, 2))
      const refused = { _tag: "SessionLimitExceeded", userId, limit: 2, active: 2 }
      assert.deepStrictEqual(yield* failure(logInOrNot), refused)
      assert.deepStrictEqual(yield* allOf(userId), before)
      assert.deepStrictEqual([writes.length, published.length], [2, 2])
    })))

  it.effect("C18 evict-least-recently-used: with equal activity the oldest login goes", () =>
    onTestClock(Effect.gen(function*() {
      const { logIn } = yield* givenLogins(2)
      const logInLru = logIn().pipe(withRules({ atLimit: "evict-least-recently-used" }))
      const [first] = yield* hourly(logInLru, 2)
      assert.deepStrictEqual((yield* logInLru).evicted, [first!.sessionId])
    })))

  it.effect("C19 all within the protected time: EvictionFailed, and nothing is written or published", () =>
    onTestClock(Effect.gen(function*() {
      const { logIn, published, userId, writes } = yield* givenLogins(2)
      const logInLater = logIn().pipe(withRules({ protectActiveWithin: Option.some(Duration.hours(2)) }))
      const [first] = yield* Effect.replicateEffect(Effect.tap(logInLater, () => TestClock.adjust("30 minutes")), 2)
      const before = yield* TestClock.withLive(allOf(userId, 2))
      const failed = { _tag: "EvictionFailed", userId, limit: 2, active: 2, protected: 2 }
      assert.deepStrictEqual(yield* failure(logInLater), failed)
      assert.deepStrictEqual(yield* allOf(userId), before)
      assert.deepStrictEqual([writes.length, published.length], [2, 2])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual((yield* logInLater).evicted, [first!.sessionId])
    })))

  it.effect("C20 expired and idle sessions make room without being evicted", () =>
    onTestClock(Effect.gen(function*() {
      const { indexed, logIn, published, writes } = yield* givenLogins(2)
      const expired = yield* logIn({ expiresAt: Option.some(after("1 day")) })
      const idle = yield* logIn().pipe(withRules({ idleTimeout: Option.some(Duration.days(1)) }))
      yield* TestClock.adjust("1 day")
      const responses = yield* Effect.replicateEffect(logIn(), 2)
      assert.deepStrictEqual(responses.flatMap(({ evicted }) => evicted), [])
      const over = [expired.sessionId, idle.sessionId]
      const [, , first, second] = published.map((events) => events.map(({ _tag }) => _tag))
      assert.deepStrictEqual(first, ["SessionExpired", "SessionExpired", "SessionCreated"])
      assert.deepStrictEqual(second, ["SessionCreated"])
      assert.sameMembers(
        published[2]!.flatMap((event) => event._tag === "SessionExpired" ? [`${event.sessionId} ${event.reason}`] : []),
        [`${over[0]} expired`, `${over[1]} idle`]
      )
      const fenced = writes.map((write) => "fenced" in write ? write.fenced : [])
      assert.deepStrictEqual(fenced.map(({ length }) => length), [0, 0, 2, 0])
      assert.sameMembers([...fenced[2]!], over)
      assert.sameMembers([...yield* indexed], responses.map(({ sessionId }) => sessionId))
    })))

  it.effect.each([
    { user: "basic", limit: 2, fields: { tier: Tier.make("basic") } },
    { user: "essential", limit: 3, fields: { tier: Tier.make("essential") } },
    { user: "plus", limit: 5, fields: { tier: Tier.make("plus") } },
    { user: "premium", limit: 10, fields: { tier: Tier.make("premium") } },
    { user: "pro", limit: "unlimited" as const, fields: { tier: Tier.make("pro") } },
    { user: "no tier", limit: 2, fields: {} },
    { user: "T3 a tier nobody knows", limit: 2, fields: { tier: Tier.make("does-not-exist") } },
    { user: "T2 premium with 1 of their own", limit: 1, fields: { tier: Tier.make("premium"), own: 1 } },
    { user: "T2 basic without limit", limit: "unlimited" as const, fields: { own: "unlimited" as const } }
  ])("T1 $user: $limit", ({ fields: { own, ...fields }, limit }) =>
    onTestClock(Effect.gen(function*() {
      const users = yield* UserRepo
      const userId = yield* freshUserId
      yield* users.put(User.make({ ...fields, id: userId, maxSessions: Option.fromUndefinedOr(own) }))
      assert.strictEqual(yield* users.limit(userId), limit)
      const { logIn } = yield* loginsOf(userId)
      yield* hourly(logIn(), 12)
      const { active } = yield* countOf(userId, after("12 hours"))
      assert.strictEqual(active, limit === "unlimited" ? 12 : limit)
    })))
}
