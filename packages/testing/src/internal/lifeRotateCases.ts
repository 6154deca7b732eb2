/** Replacing tokens, over a store. */
import { assert, type Vitest } from "@effect/vitest"
import { Actor, parseIpAddress, rotateSession, RotationGrace, type SessionToken, system } from "@sojourn/core"
import { Array, Duration, Effect, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as SessionCacheTest from "../SessionCacheTest.ts"
import { type CredentialStore, eventsOf, failure } from "./given.ts"
import { givenLife, revoke, verdict, withSecret, withSurroundings } from "./life.ts"
import { onTestClock } from "./login.ts"

const uncached = Effect.provide(SessionCacheTest.failing)
const withGrace = (seconds: number) => Effect.provideService(RotationGrace, Duration.seconds(seconds))
const text = (token: SessionToken) => Redacted.value(token)

/** How the user's sessions ended, by the events. */
const reusesOf = (userId: Parameters<typeof eventsOf>[0], atLeast: number) =>
  Effect.map(
    eventsOf(userId, atLeast),
    (events) =>
      events.flatMap((event) =>
        event._tag === "SessionRevoked" ? [`${event.reason} ${Option.getOrNull(event.reuse)}`] : []
      )
  )

export const lifeRotateCases = (it: Vitest.MethodsNonLive<CredentialStore>): void => {
  it.effect("rotation gives a new token of the same session; both are good within the grace, then the new one alone", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { token } = yield* logIn
      const next = yield* rotateSession(token)
      assert.notStrictEqual(text(next), text(token))
      assert.strictEqual(text(next).split(".")[0], text(token).split(".")[0])
      yield* TestClock.adjust("29999 millis")
      for (const good of [next, token, next]) {
        assert.strictEqual(yield* verdict(good), "valid")
        assert.strictEqual(yield* verdict(good).pipe(uncached), "valid")
      }
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* verdict(next), "valid")
      assert.strictEqual(yield* verdict(token), "SessionNotActive rotation_reuse")
      assert.strictEqual(yield* verdict(next), "SessionNotActive rotation_reuse", "whoever has it, the session is over")
      assert.deepStrictEqual(yield* reusesOf(userId, 3), ["rotation_reuse late_retry"])
    }).pipe(withSurroundings, onTestClock))

  it.effect("rotation of a lost response, asked again within the grace, gives the same token", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { token } = yield* logIn
      const next = yield* rotateSession(token)
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(text(yield* rotateSession(token)), text(next))
      assert.strictEqual((yield* eventsOf(userId, 2)).length, 2)
    }).pipe(withSurroundings, onTestClock))

  it.effect("rotation of 100 at once: one successor, and nobody is logged out", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { token } = yield* logIn
      const tokens = yield* Effect.replicateEffect(rotateSession(token), 100, { concurrency: "unbounded" })
      assert.strictEqual(new Set(tokens.map(text)).size, 1)
      assert.strictEqual(yield* verdict(tokens[0]!), "valid")
      assert.strictEqual(yield* verdict(token), "valid")
      assert.strictEqual((yield* eventsOf(userId, 2)).length, 2)
    }).pipe(withSurroundings, onTestClock), 30_000)

  it.effect.each([
    { how: "validated", use: verdict },
    { how: "rotated", use: (token: SessionToken) => Effect.as(failure(rotateSession(token)), "failed") }
  ])(
    "rotation: an older token than the previous one, $how, is a theft and ends the session, also within the grace",
    ({ use }) =>
      Effect.gen(function*() {
        const { logIn, userId } = yield* givenLife()
        const { token } = yield* logIn
        const second = yield* rotateSession(token)
        const third = yield* rotateSession(second)
        yield* use(token)
        for (const each of [token, second, third]) {
          assert.strictEqual(yield* verdict(each), "SessionNotActive rotation_reuse")
        }
        assert.deepStrictEqual(yield* reusesOf(userId, 4), ["rotation_reuse theft"])
      }).pipe(withSurroundings, onTestClock)
  )

  it.effect("rotation with the previous token after its grace is a late retry: SessionNotActive rotation_reuse", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { sessionId, token } = yield* logIn
      yield* rotateSession(token)
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(
        yield* failure(rotateSession(token, Option.some("8.8.8.8"))),
        { _tag: "SessionNotActive", sessionId, reason: "rotation_reuse" }
      )
      assert.deepStrictEqual(yield* reusesOf(userId, 3), ["rotation_reuse late_retry"])
      const [reused] = (yield* eventsOf(userId, 3)).slice(-1)
      assert.deepStrictEqual(reused?.actor, Actor.make({ ...system, ipAddress: parseIpAddress("8.8.8.8") }))
    }).pipe(withSurroundings, onTestClock))

  it.effect("rotation: a garbage secret never ends a session, however often and at whatever stage", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { token } = yield* logIn
      const second = yield* rotateSession(token)
      const current = yield* rotateSession(second)
      for (const nth of Array.range(1, 20)) {
        const garbage = withSecret(token, userId, Uint8Array.from({ length: 32 }, (_, at) => at * nth))
        assert.strictEqual(yield* verdict(garbage), "InvalidSessionToken")
        assert.deepStrictEqual(yield* failure(rotateSession(garbage)), { _tag: "InvalidSessionToken" })
      }
      assert.deepStrictEqual(yield* failure(rotateSession(Redacted.make("garbage"))), { _tag: "InvalidSessionToken" })
      assert.strictEqual(yield* verdict(current), "valid")
      assert.strictEqual((yield* eventsOf(userId, 3)).length, 3)
    }).pipe(withSurroundings, onTestClock))

  it.effect("RotationGrace 0: the old token is over at once", () =>
    Effect.gen(function*() {
      const { logIn } = yield* givenLife()
      const { token } = yield* logIn
      const next = yield* rotateSession(token)
      assert.strictEqual(yield* verdict(next), "valid")
      assert.strictEqual(yield* verdict(token), "SessionNotActive rotation_reuse")
    }).pipe(withGrace(0), withSurroundings, onTestClock))

  it.effect.each([300, 86_400])(
    "RotationGrace %s counts as 300 seconds, for validating and for rotating",
    (seconds) =>
      Effect.gen(function*() {
        const { logIn } = yield* givenLife()
        const { sessionId, token } = yield* logIn
        const { token: other } = yield* logIn
        const next = yield* rotateSession(token)
        yield* rotateSession(other)
        yield* TestClock.adjust("299999 millis")
        assert.strictEqual(yield* verdict(token), "valid")
        assert.strictEqual(text(yield* rotateSession(token)), text(next))
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* verdict(other), "SessionNotActive rotation_reuse")
        assert.deepStrictEqual(
          yield* failure(rotateSession(token)),
          { _tag: "SessionNotActive", sessionId, reason: "rotation_reuse" }
        )
      }).pipe(withGrace(seconds), withSurroundings, onTestClock)
  )

  it.effect("V6 rotation of a session that is over: SessionNotActive for its tokens, InvalidSessionToken for others", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { sessionId, token } = yield* logIn
      const next = yield* rotateSession(token)
      yield* revoke({ sessionId, reason: "admin_action" }, userId)
      for (const each of [token, next]) {
        assert.deepStrictEqual(
          yield* failure(rotateSession(each)),
          { _tag: "SessionNotActive", sessionId, reason: "admin_action" }
        )
      }
      const garbage = withSecret(token, userId, new Uint8Array(32))
      assert.deepStrictEqual(yield* failure(rotateSession(garbage)), { _tag: "InvalidSessionToken" })
    }).pipe(withSurroundings, onTestClock))
}
