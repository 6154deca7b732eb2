import { assert, describe, it } from "@effect/vitest"
import { getSession, SessionLookup, StalenessBound } from "@sojourn/core"
import { SessionCacheTest } from "@sojourn/testing"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { logIn, sojourn, userId } from "./alice.ts"
import { credentials } from "./counting.ts"

const over = (store: ReturnType<typeof credentials>) =>
  Effect.provide(Layer.provideMerge(Layer.fresh(SessionLookup.layer), store.layer))

describe("getSession", () => {
  it.effect("Q1 a cache hit asks the repository nothing", () =>
    Effect.gen(function*() {
      const store = credentials()
      const { sessionId } = yield* logIn
      assert.strictEqual((yield* getSession(sessionId, userId).pipe(over(store))).id, sessionId)
      assert.deepStrictEqual(store.asked, [])
    }).pipe(Effect.provide(sojourn)))

  it.effect("Q2 a miss asks the repository once, Q3 and fills the cache with the active session", () =>
    Effect.gen(function*() {
      const store = credentials()
      const cache = SessionCacheTest.recording()
      const { sessionId } = yield* logIn
      yield* TestClock.adjust(yield* StalenessBound)
      const session = yield* getSession(sessionId, userId).pipe(Effect.provide(cache.layer), over(store))
      assert.deepStrictEqual(store.asked, [[sessionId]])
      assert.deepStrictEqual(cache.writes, [{ operation: "fill", session }])
      yield* getSession(sessionId, userId).pipe(over(store))
      assert.strictEqual(store.asked.length, 1)
    }).pipe(Effect.provide(sojourn)))

  it.effect("Q4 one that is over is not filled", () =>
    Effect.gen(function*() {
      const cache = SessionCacheTest.recording()
      const { sessionId } = yield* logIn
      yield* TestClock.adjust("30 days")
      const failed = yield* Effect.flip(getSession(sessionId, userId).pipe(Effect.provide(cache.layer)))
      assert.deepInclude({ ...failed }, { _tag: "SessionNotFound", sessionId })
      assert.deepStrictEqual(cache.writes, [])
    }).pipe(Effect.provide(sojourn)))

  it.effect("Q2 a cache that is away is no reason to fail", () =>
    Effect.gen(function*() {
      const { sessionId } = yield* logIn
      const session = yield* getSession(sessionId, userId).pipe(Effect.provide(SessionCacheTest.failing))
      assert.strictEqual(session.id, sessionId)
    }).pipe(Effect.provide(sojourn)))
})
