import { assert, it } from "@effect/vitest"
import { routingTag, SessionCache } from "@sojourn/core"
import { RedisClient, SessionCacheRedis } from "@sojourn/redis"
import * as Fixtures from "@sojourn/testing/Fixtures"
import * as SessionCacheSuite from "@sojourn/testing/SessionCacheSuite"
import { Context, type Duration, Effect, Layer, Option, Schedule } from "effect"
import { SecureRandom } from "effect/crypto"
import { Cluster } from "ioredis"
import { capturedLogs, describeServer, inspect, session, timedUnder } from "./Backend.ts"
import { inFront } from "./Front.ts"
import { clientOf, startRedisCluster } from "./RedisCluster.ts"

const { now } = Fixtures

type Nodes = ReadonlyArray<{ readonly port: number }>

const cacheOver = (nodes: Nodes, timeout: Duration.Input) =>
  SessionCacheRedis.layer({ timeout }).pipe(Layer.provide(clientOf(nodes)))

describeServer("SessionCacheRedis", () => {
  SessionCacheSuite.suite(
    "redis cluster",
    Layer.unwrap(Effect.map(startRedisCluster, (nodes) => cacheOver(nodes, "5 seconds")))
  )
  SessionCacheSuite.suite(
    "front cache, redis cluster",
    Layer.unwrap(
      Effect.map(startRedisCluster, (nodes) => Layer.provide(inFront({ timeout: "5 seconds" }), clientOf(nodes)))
    ),
    { frontTimeToLive: "5 seconds" }
  )
})

it.layer(Layer.merge(SecureRandom.layerWebCrypto, capturedLogs().layer), { excludeTestServices: true })((it) => {
  describeServer("SessionCacheRedis over a cluster", () => {
    it.effect(
      "K24 K27 users are spread over the nodes; when one hangs, the others' users are served",
      () =>
        Effect.gen(function*() {
          const nodes = yield* startRedisCluster
          const context = yield* Layer.build(cacheOver(nodes.slice(0, 1), "1500 millis"))
          const cache = Context.get(context, SessionCache)
          const sessions = yield* Effect.replicateEffect(session, 60)
          const put = Effect.forEach(sessions, (one) => cache.put(one, [], now), { concurrency: "unbounded" }).pipe(
            Effect.retry({ schedule: Schedule.spaced("100 millis"), times: 100 })
          )
          const found = Effect.forEach(
            sessions,
            ({ id, userId }) => cache.get(id, routingTag(userId), now),
            { concurrency: "unbounded" }
          ).pipe(Effect.map((all) => all.filter(Option.isSome).length))
          const allFound = found.pipe(
            Effect.repeat({ until: (count) => count === 60, schedule: Schedule.spaced("100 millis"), times: 100 }),
            Effect.map((count) => assert.strictEqual(count, 60))
          )

          yield* put
          yield* allFound
          const sizes = yield* Effect.forEach(
            nodes,
            ({ url }) => Effect.flatMap(inspect(url), (redis) => Effect.promise(() => redis.dbsize()))
          )
          assert.isTrue(sizes.every((keys) => keys > 0 && keys % 2 === 0), `${sizes}`)
          assert.strictEqual(sizes.reduce((sum, keys) => sum + keys, 0), 120)

          yield* nodes[2]!.freeze
          const [, served] = yield* timedUnder(2100, found)
          assert.strictEqual(served, 60 - sizes[2]! / 2)
          yield* nodes[2]!.thaw
          yield* put
          yield* allFound
        }),
      60_000
    )

    it.effect(
      "K24 works over a client of the application's, whatever its own pipelines and key prefix",
      () =>
        Effect.gen(function*() {
          const [first] = yield* startRedisCluster
          const client = yield* Effect.acquireRelease(
            Effect.sync(() =>
              new Cluster([{ host: "127.0.0.1", port: first!.port }], { enableAutoPipelining: true, keyPrefix: "app:" })
            ),
            (client) => Effect.sync(() => client.disconnect())
          )
          const context = yield* Layer.build(
            SessionCacheRedis.layer({ timeout: "5 seconds" }).pipe(Layer.provide(RedisClient.layerClient(client)))
          )
          const cache = Context.get(context, SessionCache)
          const sessions = yield* Effect.replicateEffect(session, 60)
          const [ended, ...kept] = sessions
          yield* Effect.forEach(sessions, (one) => cache.put(one, [], now), { concurrency: "unbounded" })
          yield* cache.fence(ended!.userId, [ended!.id], now)
          const found = yield* Effect.forEach(
            sessions,
            ({ id, userId }) => cache.get(id, routingTag(userId), now),
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual(found, [Option.none(), ...kept.map(Option.some)])
          assert.strictEqual(
            yield* Effect.promise(() => client.exists(`sojourn:{${routingTag(ended!.userId)}}:s:${ended!.id}`)),
            1
          )
        }),
      60_000
    )

    it.effect("K27 no cluster at the start, and one that is found once it is there", () =>
      Effect.gen(function*() {
        const nodes = yield* startRedisCluster
        yield* Effect.forEach(nodes, ({ kill }) => kill)
        const context = yield* Layer.build(cacheOver(nodes, "200 millis"))
        const cache = Context.get(context, SessionCache)
        const one = yield* session
        const [, error] = yield* timedUnder(800, Effect.flip(cache.put(one, [], now)))
        assert.match(error.message, /Redis/)
        yield* Effect.forEach(nodes, ({ restart }) => restart, { concurrency: "unbounded" })
        yield* Effect.retry(cache.put(one, [], now), { schedule: Schedule.spaced("100 millis"), times: 150 })
        const found = yield* Effect.repeat(cache.get(one.id, routingTag(one.userId), now), {
          until: Option.isSome,
          schedule: Schedule.spaced("100 millis"),
          times: 100
        })
        assert.deepStrictEqual(found, Option.some(one))
      }), 60_000)
  })
})
