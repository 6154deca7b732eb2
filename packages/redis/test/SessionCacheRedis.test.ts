import { RedisClient, SessionCacheRedis } from "@sojourn/redis"
import * as SessionCacheSuite from "@sojourn/testing/SessionCacheSuite"
import { Layer, Redacted } from "effect"
import { Effect } from "effect"
import { describeRedis, freshRedisPrefix, redisUrl } from "../../testing/test/servers.ts"

const cache = Layer.unwrap(
  Effect.map(freshRedisPrefix, (prefix) => SessionCacheRedis.layer({ prefix, timeout: "5 seconds" }))
).pipe(Layer.provide(RedisClient.layerUrl(Redacted.make(redisUrl ?? ""))))

describeRedis("SessionCacheRedis", () => SessionCacheSuite.suite("redis", cache))
