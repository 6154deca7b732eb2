/** How much memory a cached session takes, in Redis and in the process. */
import {
  CachedSession,
  CacheInvalidations,
  FrontCache,
  routingTag,
  SecretHash,
  SessionCache,
  SessionId,
  UserId
} from "@sojourn/core"
import { RedisClient, SessionCacheRedis } from "@sojourn/redis"
import { decode, encode } from "@sojourn/redis/SessionCodec"
import { DateTime, Effect, Layer, Option, Redacted } from "effect"
import { Redis } from "ioredis"
import { createHash, randomUUID } from "node:crypto"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { userIdOf } from "../Logins.ts"
import type { BenchEnv, Measured, Scenario } from "../Scenario.ts"

const sessions = 100_000
const sessionsEach = 5

const sessionOf = (nth: number, now: DateTime.Utc) =>
  CachedSession.make({
    id: SessionId.make(randomUUID().replace(/^(.{14})4/, "$17")),
    userId: UserId.make(userIdOf(Math.floor(nth / sessionsEach))),
    secretHash: SecretHash.make(createHash("sha256").update(String(nth)).digest("hex")),
    createdAt: now,
    lastActivityAt: now,
    expiresAt: DateTime.addDuration(now, "30 days"),
    idleTimeout: Option.none(),
    trusted: false,
    deviceName: Option.some("Chrome on macOS"),
    locationName: Option.some("New York, US")
  })

/** What the server's memory grew by, and what `MEMORY USAGE` says of a session and its share of the index. */
const inRedis = async (env: BenchEnv): Promise<Measured> => {
  // As long as the default, `sojourn`: a prefix is part of every key.
  const prefix = randomUUID().slice(0, 7)
  const client = new Redis(env.redisUrl)
  const used = async () => Number(/^used_memory:(\d+)/m.exec(await client.info("memory"))?.[1])
  const before = await used()
  await Effect.gen(function*() {
    const cache = yield* SessionCache
    yield* Effect.forEach(
      Array.from({ length: sessions }, (_, nth) => nth),
      (nth) => Effect.flatMap(DateTime.now, (now) => cache.put(sessionOf(nth, now), [], now)),
      { concurrency: 256, discard: true }
    )
  }).pipe(
    Effect.provide(
      SessionCacheRedis.layer({ prefix, timeout: "10 seconds" }).pipe(
        Layer.provide(RedisClient.layerUrl(Redacted.make(env.redisUrl)))
      )
    ),
    Effect.runPromise
  )
  const grown = (await used() - before) / sessions
  const [, found] = await client.scan("0", "MATCH", `${prefix}:*`, "COUNT", 2000)
  const sizes = await Promise.all(found.map(async (key) => [key, await client.memory("USAGE", key) ?? 0] as const))
  const mean = (part: string) => {
    const of = sizes.filter(([key]) => key.includes(part)).map(([, size]) => size)
    return of.reduce((sum, size) => sum + size, 0) / of.length
  }
  for await (const keys of client.scanStream({ match: `${prefix}:*`, count: 1000 })) {
    if (keys.length > 0) await client.unlink(keys)
  }
  client.disconnect()
  const entry = mean("}:s:")
  const index = mean("}:u:")
  return {
    name: "footprint redis",
    title: "memory of a session in Redis, with its index",
    target: { atMost: 400 },
    unit: "bytes",
    median: grown,
    spread: [grown, grown],
    details: [{
      "used_memory grew by, a session": Math.round(grown),
      "MEMORY USAGE of an entry": Math.round(entry),
      "of an index": Math.round(index),
      "entry and share of the index": Math.round(entry + index / sessionsEach)
    }],
    note: `${sessions.toLocaleString("en")} sessions, ${sessionsEach} a user. Others on the same server may add to it.`
  }
}

/** The heap, after everything that nobody needs is gone. */
const heap = () => {
  setFlagsFromString("--expose-gc")
  const collect: () => void = runInNewContext("gc")
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

/** A shared cache that keeps nothing. */
const nowhere = Layer.succeed(SessionCache, {
  put: () => Effect.void,
  fill: () => Effect.void,
  touch: () => Effect.void,
  get: () => Effect.succeedNone,
  fence: () => Effect.void,
  unfenced: () => Effect.succeed([]),
  index: () => Effect.succeed([])
})

/** Entries as they come from Redis: each is read from its bytes, and shares nothing with another. */
const inHeap = Effect.gen(function*() {
  const cache = yield* SessionCache
  // What was asked for before the cache listens is not kept.
  yield* Effect.sleep("50 millis")
  const now = yield* DateTime.now
  const read = (nth: number) => {
    const session = sessionOf(nth, now)
    const found = decode(session.id, encode(session, DateTime.toEpochMillis(session.expiresAt)))
    return typeof found === "string" ? Effect.die(found) : cache.put(found.session, [], now)
  }
  yield* read(0)
  const before = heap()
  for (let nth = 1; nth <= sessions; nth++) yield* read(nth)
  const bytes = (heap() - before) / sessions
  // The sessions themselves are not held here, so only the cache can have kept them.
  const last = sessionOf(sessions, now)
  yield* cache.put(last, [], now)
  if (Option.isNone(yield* cache.get(last.id, routingTag(last.userId), now))) {
    return yield* Effect.die(new Error("The front cache kept nothing, so there is nothing to measure"))
  }
  return {
    name: "footprint heap",
    title: "memory of a session in the front cache",
    target: { atMost: 400 },
    unit: "bytes",
    median: bytes,
    spread: [bytes, bytes],
    details: [],
    note: `The growth of the heap over ${sessions.toLocaleString("en")} entries, after garbage collection.`
  } satisfies Measured
}).pipe(
  Effect.provide(
    FrontCache.layer({ capacity: 2 * sessions }).pipe(
      Layer.provide(Layer.mergeAll(nowhere, CacheInvalidations.layerNone))
    )
  )
)

export const footprint: Scenario = {
  name: "footprint",
  run: async (env) => [await inRedis(env), await Effect.runPromise(inHeap)]
}
