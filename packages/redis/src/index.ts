/** Sojourn's session cache and event stream in Redis. */
export * as CacheInvalidationsRedis from "./CacheInvalidationsRedis.ts"
export * as EventStreamRedis from "./EventStreamRedis.ts"
export * as RedisClient from "./RedisClient.ts"
export * as SessionCacheRedis from "./SessionCacheRedis.ts"
