/** Ending sessions, over a store: R1 to R9, erasing, suspicion, trust. */
import { assert, type Vitest } from "@effect/vitest"
import {
  Actor,
  byUser,
  CreateSession,
  createSession,
  eraseUser,
  RecordSuspiciousActivity,
  recordSuspiciousActivity,
  rotateSession,
  routingTag,
  SessionCache,
  type SessionEvent,
  type SessionId,
  system,
  trustSession,
  type UserId,
  validateSession
} from "@sojourn/core"
import { Effect, Option } from "effect"
import * as EventBusTest from "../EventBusTest.ts"
import { addresses, freshSessionId, now } from "../Fixtures.ts"
import * as SessionCacheTest from "../SessionCacheTest.ts"
import { ada, allOf, type CredentialStore, eventsOf, failure, sessionsOf } from "./given.ts"
import { givenLife, revoke, user, verdict, withSurroundings } from "./life.ts"
import { onTestClock } from "./login.ts"

const cachedOf = (userId: UserId, sessionId: SessionId) =>
  SessionCache.use((cache) => cache.get(sessionId, routingTag(userId), now))
const indexOf = (userId: UserId) => SessionCache.use((cache) => cache.index(userId, now))
const tags = (events: ReadonlyArray<SessionEvent>) => events.map(({ _tag }) => _tag)

export const lifeEndCases = (it: Vitest.MethodsNonLive<CredentialStore>): void => {
  it.effect("R1 R3 revoking gives the id; cache entry and index entry are gone, R4 the event is told", () =>
    Effect.gen(function*() {
      const bus = EventBusTest.recording()
      const { logIn, userId } = yield* givenLife()
      const { sessionId, token } = yield* logIn
      const other = yield* logIn
      const revoked = yield* revoke({ sessionId, owner: Option.some(userId) }, userId).pipe(Effect.provide(bus.layer))
      assert.deepStrictEqual(revoked, { sessionId, alreadyEnded: false })
      assert.isTrue(Option.isNone(yield* cachedOf(userId, sessionId)))
      assert.deepStrictEqual(yield* indexOf(userId), [other.sessionId])
      assert.deepStrictEqual([yield* verdict(token), yield* verdict(other.token)], ["SessionNotActive logout", "valid"])
      assert.deepStrictEqual(bus.published, [(yield* eventsOf(userId, 3)).slice(2)])
      const [event] = bus.published.flat()
      assert.isTrue(event!._tag === "SessionRevoked" && event!.reason === "logout" && event!.sessionId === sessionId)
      assert.deepStrictEqual(event!.actor, user(userId))
    }).pipe(withSurroundings, onTestClock))

  it.effect("R5 R6 missing: SessionNotFound; foreign: NotSessionOwner, and it lives on, cached", () =>
    Effect.gen(function*() {
      const alice = yield* givenLife()
      const bob = yield* givenLife()
      const { sessionId, token } = yield* alice.logIn
      const missing = yield* freshSessionId
      assert.deepStrictEqual(
        yield* failure(revoke({ sessionId: missing }, bob.userId)),
        { _tag: "SessionNotFound", sessionId: missing }
      )
      assert.deepStrictEqual(
        yield* failure(revoke({ sessionId, owner: Option.some(bob.userId) }, bob.userId)),
        { _tag: "NotSessionOwner", sessionId, userId: bob.userId }
      )
      assert.isTrue(Option.isSome(yield* cachedOf(alice.userId, sessionId)))
      assert.strictEqual(yield* verdict(token), "valid")
    }).pipe(withSurroundings, onTestClock))

  it.effect("R2 R7 revoking again says so, tells nobody, keeps the first end, and repairs a cache that missed it", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { sessionId } = yield* logIn
      yield* revoke({ sessionId, reason: "admin_action" }, userId).pipe(Effect.provide(SessionCacheTest.failing))
      assert.isTrue(Option.isSome(yield* cachedOf(userId, sessionId)), "the cache was away")
      const before = yield* allOf(userId, 2)
      const bus = EventBusTest.recording()
      const again = yield* revoke({ sessionId }, userId).pipe(Effect.provide(bus.layer))
      assert.deepStrictEqual(again, { sessionId, alreadyEnded: true })
      assert.deepStrictEqual(bus.published.flat(), [])
      assert.deepStrictEqual(yield* allOf(userId, 2), before)
      assert.isTrue(Option.isNone(yield* cachedOf(userId, sessionId)))
    }).pipe(withSurroundings, onTestClock))

  it.effect("R8 of 20 concurrent revokes one ends it: one event, and all have returned with the session over", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { sessionId, token } = yield* logIn
      const revokes = Effect.tap(
        revoke({ sessionId }, userId),
        () => Effect.map(verdict(token), (said) => assert.strictEqual(said, "SessionNotActive logout"))
      )
      const done = yield* Effect.replicateEffect(revokes, 20, { concurrency: "unbounded" })
      assert.strictEqual(done.filter(({ alreadyEnded }) => !alreadyEnded).length, 1)
      assert.strictEqual((yield* eventsOf(userId, 2)).length, 2)
    }).pipe(withSurroundings, onTestClock))

  it.effect.each([
    Actor.make({ kind: "user", id: Option.some("bob") }),
    ada,
    system
  ])("R9 the actor $kind is kept with the end and told with the event", (actor) =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { sessionId } = yield* logIn
      yield* revoke({ sessionId, actor }, userId)
      const { events, sessions } = yield* allOf(userId, 2)
      assert.deepStrictEqual(Option.map(sessions[0]!.end, (end) => end.actor), Option.some(actor))
      assert.deepStrictEqual(events[1]!.actor, actor)
    }).pipe(withSurroundings, onTestClock))

  it.effect("D1 the events of a login, a rotation and a trusted device tell from where the user did it, if that is known", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenLife()
      const address = Option.some(addresses.documentation)
      const { sessionId, token } = yield* createSession(CreateSession.make({ userId, ipAddress: address }))
      const rotated = yield* rotateSession(token, address)
      yield* trustSession(sessionId, userId, address)
      yield* rotateSession(rotated, Option.some("testclient"))
      assert.deepStrictEqual(
        (yield* eventsOf(userId, 4)).map(({ actor }) => actor),
        [address, address, address, Option.none<string>()].map((from) => byUser(userId, from))
      )
    }).pipe(withSurroundings, onTestClock))

  it.effect("erasing a user: no token of theirs is good any more, and nothing is left to tell why", () =>
    Effect.gen(function*() {
      const bus = EventBusTest.recording()
      const { logIn, userId } = yield* givenLife()
      const first = yield* logIn
      const second = yield* logIn
      const next = yield* rotateSession(first.token)
      const ended = yield* eraseUser(userId, user(userId)).pipe(Effect.provide(bus.layer))
      assert.sameMembers([...ended], [first.sessionId, second.sessionId])
      for (const token of [first.token, next, second.token]) {
        assert.strictEqual(yield* verdict(token), "InvalidSessionToken")
      }
      assert.deepStrictEqual(yield* sessionsOf(userId), [])
      assert.deepStrictEqual(tags(bus.published.flat()), ["SessionRevoked", "SessionRevoked", "SessionsRevoked"])
      assert.deepStrictEqual(yield* failure(logIn), { _tag: "UserNotFound", userId })
    }).pipe(withSurroundings, onTestClock))

  it.effect("E24 E25 suspicious activity ends the session with security_concern at the threshold, by the system", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { sessionId, token } = yield* logIn
      const record = recordSuspiciousActivity(RecordSuspiciousActivity.make({ sessionId, endAt: Option.some(3) }))
      assert.deepStrictEqual(yield* record, { count: 1, ended: false })
      assert.deepStrictEqual(yield* record, { count: 2, ended: false })
      assert.strictEqual(yield* verdict(token), "valid")
      assert.deepStrictEqual(yield* record, { count: 3, ended: true })
      assert.strictEqual(yield* verdict(token), "SessionNotActive security_concern")
      assert.deepStrictEqual(yield* failure(record), { _tag: "SessionNotFound", sessionId })
      const { events, sessions } = yield* allOf(userId, 5)
      assert.deepStrictEqual(Option.map(sessions[0]!.end, (end) => end.actor), Option.some(system))
      assert.deepStrictEqual(tags(events.slice(1)), [
        "SuspiciousActivityRecorded",
        "SuspiciousActivityRecorded",
        "SuspiciousActivityRecorded",
        "SessionRevoked"
      ])
    }).pipe(withSurroundings, onTestClock))

  it.effect("E25 of 20 at once that reach the threshold of 5, the session ends once", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { sessionId } = yield* logIn
      const record = Effect.option(
        recordSuspiciousActivity(RecordSuspiciousActivity.make({ sessionId, endAt: Option.some(5) }))
      )
      const recorded = yield* Effect.replicateEffect(record, 20, { concurrency: "unbounded" })
      assert.isTrue(recorded.some((each) => Option.isSome(each) && each.value.ended))
      const counted = recorded.filter(Option.isSome).length
      const events = yield* eventsOf(userId, counted + 2)
      assert.strictEqual(events.filter(({ _tag }) => _tag === "SessionRevoked").length, 1)
      assert.strictEqual(events.filter(({ _tag }) => _tag === "SuspiciousActivityRecorded").length, counted)
    }).pipe(withSurroundings, onTestClock))

  it.effect("E26 E27 trusting one's own session, twice: one event; a foreign one: SessionNotFound", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const other = yield* givenLife()
      const { sessionId, token } = yield* logIn
      assert.deepStrictEqual(
        yield* failure(trustSession(sessionId, other.userId)),
        { _tag: "SessionNotFound", sessionId }
      )
      yield* trustSession(sessionId, userId)
      yield* trustSession(sessionId, userId)
      const { session } = yield* validateSession(token).pipe(Effect.provide(SessionCacheTest.failing))
      assert.isTrue(session.trusted)
      assert.deepStrictEqual(tags(yield* eventsOf(userId, 2)), ["SessionCreated", "SessionTrusted"])
    }).pipe(withSurroundings, onTestClock))

  it.effect("D3 what the bus hears is what the log has, in that order, for a whole life", () =>
    Effect.gen(function*() {
      const { logIn, revokeAll, userId } = yield* givenLife()
      const bus = EventBusTest.recording()
      yield* Effect.gen(function*() {
        const { sessionId, token } = yield* logIn
        yield* trustSession(sessionId, userId)
        yield* rotateSession(token)
        yield* recordSuspiciousActivity(RecordSuspiciousActivity.make({ sessionId }))
        yield* logIn
        yield* revoke({ sessionId }, userId)
        yield* revokeAll()
      }).pipe(Effect.provide(bus.layer))
      assert.deepStrictEqual(yield* eventsOf(userId, 8), bus.published.flat())
      assert.strictEqual(bus.published.flat().length, 8)
    }).pipe(withSurroundings, onTestClock))
}
