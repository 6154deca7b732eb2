import { assert, describe, it } from "@effect/vitest"
import {
  CachedSession,
  SessionCache,
  SessionCacheInProcess,
  SessionEnd,
  SessionLookup,
  system,
  trustSession,
  validateSession
} from "@sojourn/core"
import { SessionCacheTest } from "@sojourn/testing"
import { DateTime, Effect, Layer, Option } from "effect"
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

  it.effect("V10 a session that has ended by the time it is read again is not cached", () =>
    Effect.gen(function*() {
      const { sessionId } = yield* logIn
      const { layer, writes } = SessionCacheTest.recording()
      const credential = Option.getOrThrow(yield* SessionLookup.use((lookup) => lookup.credential(sessionId)))
      const end = SessionEnd.make({ at: yield* DateTime.now, reason: "logout", actor: system })
      const endedMeanwhile = Layer.succeed(SessionLookup, {
        credential: () => Effect.succeedSome({ ...credential, session: credential.session.ended(end) })
      })
      yield* trustSession(sessionId, userId).pipe(Effect.provide([endedMeanwhile, layer]))
      assert.deepStrictEqual(writes, [])
    }).pipe(Effect.provide(sojourn)))
})
