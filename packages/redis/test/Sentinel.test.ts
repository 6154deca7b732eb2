/** The cache, through Sentinel. */
import { assert, it } from "@effect/vitest"
import { CacheInvalidations, routingTag, SessionCache } from "@sojourn/core"
import { CacheInvalidationsRedis, SessionCacheRedis } from "@sojourn/redis"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { Context, Effect, Layer, Option, Schedule, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { capturedLogs, describeServer, inspect, session } from "./Backend.ts"
import { startSentinel } from "./RedisSentinel.ts"

const { now } = Fixtures

it.layer(Layer.merge(SecureRandom.layerWebCrypto, capturedLogs().layer), { excludeTestServices: true })((it) => {
  describeServer("SessionCacheRedis through Sentinel", () => {
    it.effect(
      "K27 after a failover the new primary is used, and endings are heard from it",
      () =>
        Effect.gen(function*() {
          const { client, primary, replica } = yield* startSentinel
          const context = yield* Layer.build(
            Layer.mergeAll(SessionCacheRedis.layer({ timeout: "5 seconds" }), CacheInvalidationsRedis.layer()).pipe(
              Layer.provide(client)
            )
          )
          const cache = Context.get(context, SessionCache)
          const heard: Array<string> = []
          yield* Context.get(context, CacheInvalidations).invalidations.pipe(
            Stream.runForEach((message) => Effect.sync(() => heard.push(message._tag))),
            Effect.forkScoped({ startImmediately: true })
          )
          const last = (tag: string) =>
            Effect.sync(() => heard.at(-1)).pipe(
              Effect.repeat({ until: (is) => is === tag, schedule: Schedule.spaced("20 millis"), times: 3000 }),
              Effect.map((is) => assert.strictEqual(is, tag))
            )

          const [before, after] = [yield* session, yield* session]
          yield* last("Listening")
          yield* cache.put(before, [], now)
          yield* primary.kill
          yield* last("Lost")
          yield* Effect.retry(cache.put(after, [], now), { schedule: Schedule.spaced("100 millis"), times: 600 })
          assert.deepStrictEqual(yield* cache.get(after.id, routingTag(after.userId), now), Option.some(after))
          const promoted = yield* inspect(replica.url)
          assert.include(yield* Effect.promise(() => promoted.info("replication")), "role:master")
          assert.isAtLeast(yield* Effect.promise(() => promoted.dbsize()), 2)

          yield* last("Listening")
          yield* cache.fence(after.userId, [after.id], now)
          yield* last("Ended")
        }),
      120_000
    )
  })
})
