/** Sojourn's session cache in Redis. */
export * as CacheInvalidationsRedis from "./CacheInvalidationsRedis.ts"
export * as RedisClient from "./RedisClient.ts"
export * as SessionCacheRedis from "./SessionCacheRedis.ts"
