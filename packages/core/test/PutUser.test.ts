import { assert, describe, it } from "@effect/vitest"
import {
  CreateSession,
  createSession,
  enforceLimit,
  type Limit,
  putUser,
  SessionCache,
  SessionPolicy,
  SessionRepo,
  SessionRules,
  User,
  UserId,
  UserRepo
} from "@sojourn/core"
import { EventBusTest, SessionCacheTest, SojournTest } from "@sojourn/testing"
import { DateTime, Duration, Effect, Option } from "effect"
import { TestClock } from "effect/testing"

const userId = UserId.make("alice")
const withLimit = (limit: Limit) => User.make({ id: userId, maxSessions: Option.some(limit) })
const sojourn = () => SojournTest.layer({ users: [withLimit("unlimited")] })

/** Four logins, an hour apart. */
const fourLogins = createSession(CreateSession.make({ userId })).pipe(
  Effect.tap(() => TestClock.adjust("1 hour")),
  Effect.map(({ sessionId }) => sessionId),
  Effect.replicateEffect(4)
)

const activeNow = Effect.gen(function*() {
  const repo = yield* SessionRepo
  const now = yield* DateTime.now
  return (yield* repo.list({ userId, now, all: false, before: Option.none(), limit: 1 })).active
})

describe("putUser", () => {
  it.effect("C15 holds the user to a lowered limit at once: store, cache and subscribers know", () =>
    Effect.gen(function*() {
      const cache = SessionCacheTest.recording()
      const bus = EventBusTest.recording()
      const [a, b, c, d] = yield* fourLogins
      const { evicted, limit } = yield* putUser(withLimit(2)).pipe(
        Effect.provide([cache.layer, bus.layer])
      )
      assert.strictEqual(limit, 2)
      assert.deepStrictEqual(evicted, [a!, b!])
      assert.strictEqual(yield* activeNow, 2)
      assert.deepStrictEqual(cache.writes, [{ operation: "fence", userId, fenced: [a!, b!] }])
      const { index } = yield* SessionCache
      assert.sameMembers([...yield* index(userId, yield* DateTime.now)], [c!, d!])
      assert.deepStrictEqual(
        bus.published.map((events) =>
          events.map((event) => event._tag === "SessionEvicted" ? event.sessionId : event._tag)
        ),
        [[a!, b!]]
      )
    }).pipe(Effect.provide(sojourn())))

  it.effect("T2 a higher limit, or none, ends nobody and tells nobody", () =>
    Effect.gen(function*() {
      const cache = SessionCacheTest.recording()
      const bus = EventBusTest.recording()
      yield* fourLogins
      for (const limit of [4, 10, "unlimited"] as const) {
        const put = yield* putUser(withLimit(limit)).pipe(Effect.provide([cache.layer, bus.layer]))
        assert.deepStrictEqual(put, { limit, evicted: [] })
      }
      assert.deepStrictEqual([cache.writes, bus.published.flat()], [[], []])
    }).pipe(Effect.provide(sojourn())))

  it.effect("T1 adds a user who was not known", () =>
    Effect.gen(function*() {
      const bob = User.make({ id: UserId.make("bob") })
      assert.deepStrictEqual(yield* putUser(bob), { limit: 2, evicted: [] })
      assert.deepStrictEqual(yield* UserRepo.use((users) => users.find(bob.id)), bob)
    }).pipe(Effect.provide(sojourn())))

  it.effect("C19 EvictionFailed when the policy protects too many; the user is put all the same", () =>
    Effect.gen(function*() {
      const users = yield* UserRepo
      yield* fourLogins
      const rules = SessionRules.make({ protectActiveWithin: Option.some(Duration.days(1)) })
      const failed = yield* Effect.flip(putUser(withLimit(2)).pipe(Effect.provideService(SessionPolicy, rules)))
      assert.deepInclude({ ...failed }, { _tag: "EvictionFailed", userId, limit: 2, active: 4, protected: 4 })
      assert.strictEqual(yield* activeNow, 4)
      assert.strictEqual(yield* users.limit(userId), 2)
    }).pipe(Effect.provide(sojourn())))
})

describe("enforceLimit", () => {
  it.effect("C22 a cache and a bus that fail do not fail it", () =>
    Effect.gen(function*() {
      const users = yield* UserRepo
      yield* fourLogins
      yield* users.put(withLimit(1))
      const evicted = yield* enforceLimit(userId).pipe(
        Effect.provide([SessionCacheTest.failing, EventBusTest.defective])
      )
      assert.strictEqual(evicted.length, 3)
      assert.strictEqual(yield* activeNow, 1)
    }).pipe(Effect.provide(sojourn())))

  it.effect("C20 fences what was over already, and does not evict it", () =>
    Effect.gen(function*() {
      const rules = SessionRules.make({ idleTimeout: Option.some(Duration.hours(1)) })
      const { sessionId } = yield* createSession(CreateSession.make({ userId })).pipe(
        Effect.provideService(SessionPolicy, rules)
      )
      yield* UserRepo.use((users) => users.put(withLimit(2)))
      yield* TestClock.adjust("2 hours")
      const { layer, writes } = SessionCacheTest.recording()
      assert.deepStrictEqual(yield* enforceLimit(userId).pipe(Effect.provide(layer)), [])
      assert.deepStrictEqual(writes, [{ operation: "fence", userId, fenced: [sessionId] }])
    }).pipe(Effect.provide(sojourn())))

  it.effect("C7 an unknown user: UserNotFound", () =>
    Effect.gen(function*() {
      const nobody = UserId.make("nobody")
      const failed = yield* Effect.flip(enforceLimit(nobody))
      assert.deepInclude({ ...failed }, { _tag: "UserNotFound", userId: nobody })
    }).pipe(Effect.provide(sojourn())))
})
