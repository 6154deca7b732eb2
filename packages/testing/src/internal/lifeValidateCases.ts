/** Checking a token, over a store: V1 to V12. */
import { assert, type Vitest } from "@effect/vitest"
import {
  CreateSession,
  createSession,
  type EndReason,
  makeToken,
  SessionCache,
  SessionPolicy,
  SessionRules,
  touchSession,
  validateSession
} from "@sojourn/core"
import { DateTime, Duration, Effect, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { after, freshSessionId, now } from "../Fixtures.ts"
import * as SessionCacheTest from "../SessionCacheTest.ts"
import type { CredentialStore } from "./given.ts"
import { givenLife, revoke, verdict, withSecret, withSurroundings } from "./life.ts"
import { onTestClock } from "./login.ts"

const idleAfterAnHour = Effect.provideService(
  SessionPolicy,
  SessionRules.make({ idleTimeout: Option.some(Duration.hours(1)) })
)

/** Asks the store: whatever the cache has is as if it were not there. */
const uncached = Effect.provide(SessionCacheTest.failing)

export const lifeValidateCases = (it: Vitest.MethodsNonLive<CredentialStore>): void => {
  it.effect("V1 a valid token gives the session, V8 from the cache or from the store alike, and how long it lives", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { sessionId, token } = yield* logIn.pipe(idleAfterAnHour)
      yield* TestClock.adjust("10 minutes")
      const cached = yield* validateSession(token)
      const stored = yield* validateSession(token).pipe(uncached)
      assert.deepStrictEqual(stored, cached)
      assert.deepStrictEqual([cached.session.id, cached.session.userId], [sessionId, userId])
      assert.strictEqual(
        Duration.toMillis(cached.expiresIn),
        Duration.toMillis("30 days") - Duration.toMillis("10 minutes")
      )
      assert.deepStrictEqual(Option.map(cached.idleIn, Duration.toMinutes), Option.some(50))
    }).pipe(withSurroundings, onTestClock))

  it.effect("V2 a wrong secret, an unknown id and garbage are the same InvalidSessionToken", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { token } = yield* logIn
      const unknown = makeToken(yield* freshSessionId, userId, new Uint8Array(32))
      const text = Redacted.value(token)
      const garbage = [
        "",
        "sjn1_",
        "garbage",
        text.slice(1),
        text.slice(0, -1),
        `${text}A`,
        `${text}\n`,
        text.toUpperCase()
      ]
      for (
        const bad of [
          withSecret(token, userId, new Uint8Array(32)),
          unknown,
          ...garbage.map((raw) => Redacted.make(raw))
        ]
      ) {
        for (const ask of [verdict(bad), verdict(bad).pipe(uncached)]) {
          assert.strictEqual(yield* ask, "InvalidSessionToken")
        }
      }
      assert.strictEqual(yield* verdict(token), "valid", "none of this disturbed the session")
    }).pipe(withSurroundings, onTestClock))

  it.effect("V3 V7 expired at the very instant, cached or not", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenLife()
      const { token } = yield* createSession(
        CreateSession.make({ userId, expiresAt: Option.some(after("10 seconds")) })
      )
      yield* TestClock.adjust("9999 millis")
      assert.strictEqual(yield* verdict(token), "valid")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* verdict(token), "SessionNotActive expired")
      assert.strictEqual(yield* verdict(token).pipe(uncached), "SessionNotActive expired")
    }).pipe(withSurroundings, onTestClock))

  it.effect("V4 V7 idle at the very instant, V5 activity keeps it alive and never moves the absolute expiry", () =>
    Effect.gen(function*() {
      const { logIn } = yield* givenLife()
      const { token } = yield* logIn.pipe(idleAfterAnHour)
      yield* TestClock.adjust("59 minutes")
      const { session } = yield* validateSession(token)
      yield* touchSession(session)
      yield* TestClock.adjust("59 minutes")
      const touched = yield* validateSession(token).pipe(uncached)
      assert.deepStrictEqual(touched.session.lastActivityAt, after("59 minutes"))
      assert.deepStrictEqual(touched.session.expiresAt, session.expiresAt)
      assert.deepStrictEqual(yield* validateSession(token), touched)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* verdict(token), "SessionNotActive idle")
      assert.strictEqual(yield* verdict(token).pipe(uncached), "SessionNotActive idle")
    }).pipe(withSurroundings, onTestClock))

  it.effect.each<EndReason>(["logout", "password_changed", "admin_action", "security_concern"])(
    "V6 ended for %s: refused with that reason, V10 and never cached again",
    (reason) =>
      Effect.gen(function*() {
        const cache = SessionCacheTest.recording()
        const { logIn, userId } = yield* givenLife()
        const { sessionId, token } = yield* logIn
        yield* revoke({ sessionId, reason }, userId)
        for (let again = 0; again < 2; again++) {
          assert.strictEqual(yield* verdict(token).pipe(Effect.provide(cache.layer)), `SessionNotActive ${reason}`)
        }
        assert.deepStrictEqual(cache.writes, [])
        assert.deepStrictEqual(yield* SessionCache.use((each) => each.index(userId, now)), [])
      }).pipe(withSurroundings, onTestClock)
  )

  it.effect("V12 without a cache the store answers, and what a session's end means is the same", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { sessionId, token } = yield* logIn
      assert.strictEqual(yield* verdict(token), "valid")
      yield* revoke({ sessionId }, userId)
      assert.strictEqual(yield* verdict(token), "SessionNotActive logout")
      assert.deepStrictEqual(yield* DateTime.now, now, "at once")
    }).pipe(uncached, withSurroundings, onTestClock))
}
