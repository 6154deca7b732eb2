/** A primary that became a replica while its connections stayed open, as after a failover that it was told of. */
import { assert, it } from "@effect/vitest"
import { routingTag } from "@sojourn/core"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { Effect, Layer, Option, Schedule } from "effect"
import { SecureRandom } from "effect/crypto"
import { startRedisServer } from "../../testing/test/servers.ts"
import { cacheOver, capturedLogs, describeServer, inspect, session } from "./Backend.ts"
import { startProxy } from "./proxy.ts"

const { now } = Fixtures

it.layer(Layer.merge(SecureRandom.layerWebCrypto, capturedLogs().layer), { excludeTestServices: true })((it) => {
  describeServer("SessionCacheRedis at a primary that became a replica", () => {
    it.effect("K27 logins alone find the new primary, and until then each of them is told why", () =>
      Effect.gen(function*() {
        const [before, after] = [yield* startRedisServer(), yield* startRedisServer()]
        const proxy = yield* startProxy(before.port)
        const cache = yield* cacheOver(proxy.url, { timeout: "5 seconds", client: { required: true } })
        yield* cache.put(yield* session, [], now)

        const demoted = yield* inspect(before.url)
        yield* Effect.promise(() => demoted.replicaof("127.0.0.1", after.port))
        yield* proxy.leadTo(after.port)
        const together = yield* Effect.replicateEffect(session, 3)
        const ended = yield* Fixtures.freshSessionId
        const errors = yield* Effect.forEach(
          together,
          (one, at) => Effect.flip(cache.put(one, at === 1 ? [ended] : [], now)),
          { concurrency: "unbounded" }
        )
        for (const { message } of errors) assert.match(message, /read-only replica; connect to the primary/)

        const late = yield* session
        yield* Effect.retry(cache.put(late, [], now), { schedule: Schedule.spaced("50 millis"), times: 100 })
        assert.deepStrictEqual(yield* cache.get(late.id, routingTag(late.userId), now), Option.some(late))
        const promoted = yield* inspect(after.url)
        assert.strictEqual(yield* Effect.promise(() => promoted.dbsize()), 2)
      }))
  })
})
