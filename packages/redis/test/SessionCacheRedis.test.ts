import { RedisClient, SessionCacheRedis } from "@sojourn/redis"
import * as SessionCacheSuite from "@sojourn/testing/SessionCacheSuite"
import { Effect, Layer, Redacted } from "effect"
import { describeRedis, freshRedisPrefix, redisUrl } from "../../testing/test/servers.ts"
import { inFront } from "./Front.ts"

const client = RedisClient.layerUrl(Redacted.make(redisUrl ?? ""))

const cache = Layer.unwrap(
  Effect.map(freshRedisPrefix, (prefix) => SessionCacheRedis.layer({ prefix, timeout: "5 seconds" }))
).pipe(Layer.provide(client))

const frontCache = Layer.unwrap(
  Effect.map(freshRedisPrefix, (prefix) => inFront({ prefix, timeout: "5 seconds" }))
).pipe(Layer.provide(client))

describeRedis("SessionCacheRedis", () => {
  SessionCacheSuite.suite("redis", cache)
  SessionCacheSuite.suite("front cache, redis", frontCache, { frontTimeToLive: "5 seconds" })
})
