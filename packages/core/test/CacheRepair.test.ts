/** The cache is told of every ending, until it has heard of it. */
import { assert, describe, it } from "@effect/vitest"
import {
  cacheRepair,
  EventLog,
  layerCacheRepair,
  RevokeAllSessions,
  revokeAllSessions,
  RevokeSession,
  revokeSession,
  SessionCache,
  sweepSessions,
  system,
  validateSession
} from "@sojourn/core"
import { SessionCacheTest } from "@sojourn/testing"
import { Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { logIn, sojourn, userId } from "./alice.ts"
import { name } from "./relayed.ts"

const logged = EventLog.use((log) => log.read({ after: 0, limit: 100, userId: Option.none() }))
const revoke = ({ sessionId }: Effect.Success<typeof logIn>) =>
  revokeSession(RevokeSession.make({ sessionId, actor: system }))
/** The cache was away when the handler told it. */
const unheard = Effect.provide(SessionCacheTest.failing)

describe("CacheRepair", () => {
  it.effect("D4 fences what ended, in one round trip a user, and nothing else", () =>
    Effect.gen(function*() {
      const ids = (yield* Effect.replicateEffect(logIn, 3)).map(({ sessionId }) => sessionId)
      yield* revokeAllSessions(RevokeAllSessions.make({ userId, actor: system })).pipe(unheard)
      yield* logIn
      const { layer, writes } = SessionCacheTest.recording()
      yield* cacheRepair(yield* logged).pipe(Effect.provide(layer))
      const [fence, ...others] = writes
      assert.deepStrictEqual(others, [])
      assert.deepInclude(fence, { operation: "fence", userId })
      assert.sameMembers([...(fence as { readonly fenced: ReadonlyArray<string> }).fenced], ids)
    }).pipe(Effect.provide(sojourn)))

  it.effect("D4 an ending from before all that a cache may hold is left out", () =>
    Effect.gen(function*() {
      const [first, second] = [yield* logIn, yield* logIn]
      yield* revoke(first).pipe(unheard)
      yield* TestClock.adjust("10 seconds")
      yield* revoke(second).pipe(unheard)
      const { layer, writes } = SessionCacheTest.recording()
      const repair = Effect.flatMap(logged, cacheRepair).pipe(Effect.provide(layer))
      yield* TestClock.adjust("110 seconds")
      yield* repair
      assert.deepStrictEqual(writes, [{ operation: "fence", userId, fenced: [second.sessionId] }])
      yield* TestClock.adjust("10 seconds")
      yield* repair
      assert.lengthOf(writes, 1)
    }).pipe(Effect.provide(sojourn)))

  it.effect("D4 an expiry that the cache has not heard of is fenced, too", () =>
    Effect.gen(function*() {
      const { sessionId } = yield* logIn
      yield* TestClock.adjust("30 days")
      yield* sweepSessions().pipe(unheard)
      const { layer, writes } = SessionCacheTest.recording()
      yield* cacheRepair(yield* logged).pipe(Effect.provide(layer))
      assert.deepStrictEqual(writes, [{ operation: "fence", userId, fenced: [sessionId] }])
    }).pipe(Effect.provide(sojourn)))

  it.effect("D4 a cache that is away is Unavailable: it is never given up", () =>
    Effect.gen(function*() {
      yield* revoke(yield* logIn).pipe(unheard)
      const error = yield* Effect.flip(Effect.flatMap(logged, cacheRepair)).pipe(unheard)
      assert.deepInclude({ ...error }, { reason: "Unavailable", delivered: 0 })
      assert.strictEqual(error.message, "The cache is away")
    }).pipe(Effect.provide(sojourn)))

  it.effect("D4 a revocation that the cache missed is made good once it is back, within seconds", () =>
    Effect.gen(function*() {
      const login = yield* logIn
      yield* validateSession(login.token)
      yield* revoke(login).pipe(unheard)
      yield* validateSession(login.token)

      const cache = yield* SessionCache
      let isAway = true
      const repairing = Layer.provide(
        layerCacheRepair(name),
        Layer.succeed(SessionCache, {
          ...cache,
          fence: (...args) =>
            Effect.suspend(() =>
              isAway ? SessionCache.use((away) => away.fence(...args)).pipe(unheard) : cache.fence(...args)
            )
        })
      )
      yield* Effect.gen(function*() {
        yield* TestClock.adjust("20 seconds")
        yield* validateSession(login.token)
        isAway = false
        yield* TestClock.adjust("2 seconds")
        const refused = yield* Effect.flip(validateSession(login.token))
        assert.strictEqual(refused._tag, "SessionNotActive")
      }).pipe(Effect.provide(repairing))
    }).pipe(Effect.provide(sojourn)))
})
