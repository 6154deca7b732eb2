import { assert, describe, it } from "@effect/vitest"
import { routingTag, SessionCache, SessionCacheInProcess } from "@sojourn/core"
import * as Fixtures from "@sojourn/testing/Fixtures"
import * as SecureRandomTest from "@sojourn/testing/SecureRandomTest"
import * as SessionCacheSuite from "@sojourn/testing/SessionCacheSuite"
import { DateTime, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"

SessionCacheSuite.suite("in process", SessionCacheInProcess.layer())

describe("SessionCacheInProcess", () => {
  it.effect("K20 a fill stays out although the tombstone had to make room, and the next one goes in", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Fixtures.now.epochMilliseconds)
      const cache = yield* SessionCache
      const session = Fixtures.cachedSession()
      const tag = routingTag(session.userId)
      const asked = yield* DateTime.now
      yield* TestClock.adjust("1 millis")
      yield* cache.fence(session.userId, [session.id], yield* DateTime.now)
      for (let others = 0; others < 10; others++) {
        const other = Fixtures.cachedSession({ id: yield* Fixtures.freshSessionId })
        yield* cache.put(other, [], yield* DateTime.now)
      }
      yield* cache.fill(session, asked)
      assert.deepStrictEqual(yield* cache.get(session.id, tag, asked), Option.none())

      yield* TestClock.adjust("1 millis")
      const next = Fixtures.cachedSession({ id: yield* Fixtures.freshSessionId })
      yield* cache.fill(next, yield* DateTime.now)
      assert.deepStrictEqual(yield* cache.get(next.id, tag, yield* DateTime.now), Option.some(next))
    }).pipe(Effect.provide(Layer.merge(SessionCacheInProcess.layer({ capacity: 10 }), SecureRandomTest.layer()))))
})
