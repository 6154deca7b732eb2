import { assert, it } from "@effect/vitest"
import { SessionCache } from "@sojourn/core"
import { RedisClient, SessionCacheRedis } from "@sojourn/redis"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { ConfigProvider, Context, Duration, Effect, Layer, Redacted, Schedule } from "effect"
import type { Cluster, Redis } from "ioredis"
import { freePort, startRedisServer } from "../../testing/test/servers.ts"
import { capturedLogs, describeServer, inspect, ping } from "./Backend.ts"

const secret = "hunter2-hunter2"

it.layer(capturedLogs().layer, { excludeTestServices: true })((it) => {
  it.effect.each([
    `http://user:${secret}@127.0.0.1:6379`,
    `user:${secret}@127.0.0.1:6379`,
    `redis://user:${secret}@127.0.0.1:six`,
    `redis://:${secret}%zz@127.0.0.1:6379`,
    `redis://:${secret}%ff@127.0.0.1:6379`,
    `rediss://${secret}%:${secret}@127.0.0.1:6379`,
    `/tmp/${secret}`,
    `redis:///tmp/${secret}`,
    `redis://:${secret}@127.0.0.1:6379/sessions`,
    `redis://:${secret}@127.0.0.1:6379?db=sessions`,
    `redis://:${secret}@127.0.0.1:6379?sentinels=a`,
    ""
  ])("K27 an address that is none is refused without showing it (case %#)", (url) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(ping(RedisClient.layerUrl(Redacted.make(url))))
      assert.instanceOf(error, RedisClient.RedisClientError)
      assert.include(error.message, "redis://")
      assert.include(error.message, "percent-encoded")
      assert.notInclude(`${error} ${JSON.stringify(error)}`, secret)
    }))

  it.effect("K27 a missing REDIS_URL is an error of the configuration", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(ping(RedisClient.layerConfig()))
      assert.include(`${error}`, "REDIS_URL")
    }).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({})))))

  describeServer("RedisClient", () => {
    it.effect("connects by options, by URL and by configuration", () =>
      Effect.gen(function*() {
        const { port, url } = yield* startRedisServer()
        assert.strictEqual(yield* ping(RedisClient.layer({ redis: { port }, required: true })), "PONG")
        assert.strictEqual(yield* ping(RedisClient.layerUrl(Redacted.make(url), { required: true })), "PONG")
        const config = ConfigProvider.layer(ConfigProvider.fromUnknown({ REDIS_URL: url }))
        assert.strictEqual(yield* ping(RedisClient.layerConfig().pipe(Layer.provide(config))), "PONG")
      }))

    it.effect("closes the client that it opened, and leaves one that was given open", () =>
      Effect.gen(function*() {
        const { port, url } = yield* startRedisServer()
        const seen: Array<Redis | Cluster> = []
        const own = yield* inspect(url)
        yield* Effect.promise(() => own.ping())
        for (const layer of [RedisClient.layer({ redis: { port } }), RedisClient.layerClient(own)]) {
          yield* Effect.scoped(Effect.map(Layer.build(layer), (context) => {
            seen.push(Context.get(context, RedisClient.RedisClient))
          }))
        }
        const ended = yield* Effect.sync(() => seen[0]?.status).pipe(
          Effect.repeat({ until: (status) => status === "end", schedule: Schedule.spaced("5 millis"), times: 1000 })
        )
        assert.strictEqual(ended, "end")
        assert.strictEqual(seen[1], own)
        assert.strictEqual(own.status, "ready")
      }))

    it.effect("a server that is required and does not answer fails the Layer in bounded time", () =>
      Effect.gen(function*() {
        const port = yield* freePort
        const [took, error] = yield* Effect.timed(
          Effect.flip(ping(RedisClient.layer({ redis: { port }, required: true })))
        )
        assert.instanceOf(error, RedisClient.RedisClientError)
        assert.match(error.message, /ECONNREFUSED|not connected/)
        assert.isBelow(Duration.toMillis(took), 3500)
      }))

    it.effect("a wrong password is told without it, once", () =>
      Effect.gen(function*() {
        const { lines, layer } = capturedLogs()
        const { port } = yield* startRedisServer(["--requirepass", "another"])
        const url = Redacted.make(`redis://:${secret}@127.0.0.1:${port}`)
        yield* Effect.scoped(Effect.andThen(Layer.build(RedisClient.layerUrl(url)), Effect.sleep("500 millis"))).pipe(
          Effect.provide(layer)
        )
        assert.deepStrictEqual(lines, [
          "WARN Sessions are served without Redis until it is back: " +
          "Redis refused access; check the user, the password and the permissions"
        ])
        const error = yield* Effect.flip(ping(RedisClient.layerUrl(url, { required: true })))
        assert.notInclude(`${error} ${JSON.stringify(error)}`, secret)
      }))

    it.effect("K27 a database that the server does not have is told, and no other one is taken", () =>
      Effect.gen(function*() {
        const { lines, layer } = capturedLogs()
        const { url } = yield* startRedisServer()
        const wrong = Redacted.make(`${url}/99`)
        const error = yield* Effect.flip(ping(RedisClient.layerUrl(wrong, { required: true })))
        assert.include(error.message, "DB index is out of range")
        const cache = Layer.provide(SessionCacheRedis.layer(), RedisClient.layerUrl(wrong))
        yield* Effect.gen(function*() {
          const context = yield* Layer.build(cache)
          const put = Context.get(context, SessionCache).put(Fixtures.cachedSession(), [], Fixtures.now)
          yield* Effect.repeat(Effect.flip(put), { schedule: Schedule.spaced("20 millis"), times: 30 })
        }).pipe(Effect.scoped, Effect.provide(layer))
        assert.deepStrictEqual(lines, [
          "WARN Sessions are served without Redis until it is back: Redis failed: ERR DB index is out of range"
        ])
        const redis = yield* inspect(url)
        assert.strictEqual(yield* Effect.promise(() => redis.dbsize()), 0)
      }))

    it.effect("a password with special characters is understood when percent-encoded", () =>
      Effect.gen(function*() {
        const { port } = yield* startRedisServer(["--requirepass", "p@ss:w/rd?#"])
        const url = Redacted.make(`redis://:${encodeURIComponent("p@ss:w/rd?#")}@127.0.0.1:${port}/3`)
        assert.strictEqual(yield* ping(RedisClient.layerUrl(url, { required: true })), "PONG")
      }))
  })
})
