/** What a lowered limit ends at once, without a login. */
import { assert, type Vitest } from "@effect/vitest"
import {
  endedEventId,
  SessionEnd,
  SessionEvicted,
  SessionRepo,
  SessionRules,
  system,
  User,
  type UserId,
  UserRepo
} from "@sojourn/core"
import { Duration, Effect, Option } from "effect"
import { after, freshUserId, now } from "../Fixtures.ts"
import {
  admit,
  allOf,
  byDefault,
  countOf,
  eventsOf,
  expired,
  failure,
  givenUser,
  live,
  type SeededStore,
  setLimit,
  trust,
  use
} from "./given.ts"

const protectTrusted = SessionRules.make({ protectTrusted: true })
const eviction = SessionEnd.make({ at: now, reason: "session_limit_exceeded", actor: system })

const enforce = (userId: UserId, rules: SessionRules = byDefault) =>
  SessionRepo.use((repo) => repo.enforceLimit(userId, rules, now))

export const enforceLimitCases = (it: Vitest.MethodsNonLive<SeededStore>): void => {
  it.effect("C15 a limit lowered from 5 to 2 ends the 3 oldest, with an event each, oldest first", () =>
    Effect.gen(function*() {
      const { ids: [a, b, c], sessions, userId } = yield* givenUser(2, [live(5), live(4), live(3), live(2), live(1)])
      const { events, evicted } = yield* enforce(userId)
      assert.deepStrictEqual(evicted, [a!, b!, c!])
      assert.deepStrictEqual(
        events,
        [a!, b!, c!].map((sessionId, at) =>
          SessionEvicted.make({
            eventId: endedEventId(sessionId),
            at: now,
            userId,
            actor: system,
            sessionId,
            reason: "session_limit_exceeded",
            device: sessions[at]!.device
          })
        )
      )
      assert.deepStrictEqual((yield* eventsOf(userId, 8)).slice(5), events)
      assert.deepStrictEqual(
        (yield* allOf(userId)).sessions,
        sessions.map((session, at) => at < 3 ? session.ended(eviction) : session).toReversed()
      )
    }))

  it.effect("T1 a user moved to a lower tier is held to it", () =>
    Effect.gen(function*() {
      const users = yield* UserRepo
      const { ids: [a], userId } = yield* givenUser("unlimited", [live(3), live(2), live(1)])
      yield* users.put(User.make({ id: userId }))
      assert.deepStrictEqual((yield* enforce(userId)).evicted, [a!])
    }))

  it.effect("C9 C10 at the limit, below it and without one nothing ends and nothing is told", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenUser(2, [live(2), live(1)])
      const before = yield* allOf(userId, 2)
      for (const limit of [2, 3, "unlimited"] as const) {
        yield* setLimit(userId, limit)
        assert.deepStrictEqual(yield* enforce(userId), { evicted: [], expired: [], events: [] })
      }
      assert.deepStrictEqual(yield* allOf(userId), before)
    }))

  it.effect("C16 a limit of 0 ends all", () =>
    Effect.gen(function*() {
      const { ids, userId } = yield* givenUser(0, [live(2), live(1)])
      assert.deepStrictEqual((yield* enforce(userId)).evicted, ids)
      assert.deepStrictEqual(yield* countOf(userId), { total: 2, active: 0 })
    }))

  it.effect("C17 the policy reject ends the oldest all the same", () =>
    Effect.gen(function*() {
      const { ids: [a], userId } = yield* givenUser(1, [live(2), live(1)])
      assert.deepStrictEqual((yield* enforce(userId, SessionRules.make({ atLimit: "reject" }))).evicted, [a!])
    }))

  it.effect("C18 the least recently used go first", () =>
    Effect.gen(function*() {
      const { ids: [, b, c], sessions, userId } = yield* givenUser(1, [live(5), live(4), live(3)])
      yield* use(sessions[0], 1)
      yield* use(sessions[1], 2)
      const { evicted } = yield* enforce(userId, SessionRules.make({ atLimit: "evict-least-recently-used" }))
      assert.deepStrictEqual(evicted, [c!, b!])
    }))

  it.effect("C19 protected ones stay; when they are too many for the limit, nobody ends", () =>
    Effect.gen(function*() {
      const { ids: [, b, , d], sessions, userId } = yield* givenUser(2, [live(5), live(4), live(3), live(2)])
      yield* trust(sessions[0], sessions[2])
      assert.deepStrictEqual((yield* enforce(userId, protectTrusted)).evicted, [b!, d!])
      yield* setLimit(userId, "unlimited")
      yield* admit({ userId })
      yield* setLimit(userId, 1)
      const before = yield* allOf(userId, 7)
      assert.deepStrictEqual(
        yield* failure(enforce(userId, protectTrusted)),
        { _tag: "EvictionFailed", userId, limit: 1, active: 3, protected: 2 }
      )
      assert.deepStrictEqual(yield* allOf(userId), before)
    }))

  it.effect("C20 expired and idle sessions do not count: they end with their own reason and event, not by the limit", () =>
    Effect.gen(function*() {
      const { ids: [gone, idled, one], sessions, userId } = yield* givenUser(1, [
        { createdAt: after("-40 days"), expiresAt: after("-1 day") },
        { createdAt: after("-1 day"), idleTimeout: Option.some(Duration.days(1)) },
        live(1)
      ])
      const { events, evicted, expired: over } = yield* enforce(userId)
      assert.deepStrictEqual({ evicted, over }, { evicted: [], over: [gone!, idled!] })
      const expectedEnds = [
        SessionEnd.make({ at: after("-1 day"), reason: "expired", actor: system }),
        SessionEnd.make({ at: now, reason: "idle", actor: system })
      ]
      assert.deepStrictEqual(
        events.flatMap((event) =>
          event._tag === "SessionExpired"
            ? [{
              id: event.sessionId,
              end: SessionEnd.make({ at: event.at, reason: event.reason, actor: event.actor })
            }]
            : []
        ),
        over.map((id, nth) => ({ id, end: expectedEnds[nth]! }))
      )
      const stored = yield* allOf(userId, 5)
      assert.deepStrictEqual(stored.events.slice(3), events)
      assert.deepStrictEqual(stored.sessions, [
        sessions[2]!,
        sessions[1]!.ended(expectedEnds[1]!),
        sessions[0]!.ended(expectedEnds[0]!)
      ])
      assert.strictEqual(stored.sessions[0]!.id, one)
    }))

  it.effect("C19 C20 when it fails, what was over has ended all the same", () =>
    Effect.gen(function*() {
      const { sessions, userId } = yield* givenUser(0, [live(2), expired])
      yield* trust(sessions[0])
      yield* failure(enforce(userId, protectTrusted))
      assert.deepStrictEqual((yield* eventsOf(userId, 3)).slice(2).map(({ _tag }) => _tag), ["SessionExpired"])
      assert.deepStrictEqual(yield* countOf(userId), { total: 2, active: 1 })
    }))

  it.effect("C7 an unknown user is refused", () =>
    Effect.gen(function*() {
      const userId = yield* freshUserId
      assert.deepStrictEqual(yield* failure(enforce(userId)), { _tag: "UserNotFound", userId })
    }))
}
