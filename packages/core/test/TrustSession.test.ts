import { assert, describe, it } from "@effect/vitest"
import { CachedSession, SessionCache, SessionCacheInProcess, trustSession, validateSession } from "@sojourn/core"
import { DateTime, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { logIn, sojourn, userId } from "./alice.ts"

const isTrusted = (login: Effect.Success<typeof logIn>) =>
  Effect.map(validateSession(login.token), ({ session }) => session.trusted)

describe("trustSession", () => {
  it.effect("E26 what was read before the session was trusted, and is cached after it, does not take the trust back", () =>
    Effect.gen(function*() {
      const login = yield* logIn
      const readAt = yield* DateTime.now
      const { session } = yield* validateSession(login.token)
      yield* TestClock.adjust("1 second")
      yield* Effect.gen(function*() {
        yield* trustSession(login.sessionId, userId)
        yield* SessionCache.use((cache) => cache.fill(session, readAt))
        assert.isTrue(yield* isTrusted(login))
      }).pipe(Effect.provide(Layer.fresh(SessionCacheInProcess.layer())))
    }).pipe(Effect.provide(sojourn)))

  it.effect("E26 an activity that is cached before the store has it does not keep the trust out", () =>
    Effect.gen(function*() {
      const login = yield* logIn
      const { session } = yield* validateSession(login.token)
      yield* TestClock.adjust("1 second")
      const now = yield* DateTime.now
      yield* SessionCache.use((cache) => cache.touch(CachedSession.make({ ...session, lastActivityAt: now }), now))
      yield* trustSession(login.sessionId, userId)
      assert.isTrue(yield* isTrusted(login))
    }).pipe(Effect.provide(sojourn)))
})
