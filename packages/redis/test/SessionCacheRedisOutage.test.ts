import { assert, it } from "@effect/vitest"
import { routingTag, type SessionCache, SessionCacheError } from "@sojourn/core"
import { cacheReadErrors } from "@sojourn/redis/SessionCacheRedis"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { Duration, Effect, Layer, Metric, Option, Schedule } from "effect"
import { SecureRandom } from "effect/crypto"
import { freePort, startRedisServer } from "../../testing/test/servers.ts"
import { cacheOver, capturedLogs, describeServer, inspect, session, timedUnder } from "./Backend.ts"

const { now } = Fixtures
const timeout = Duration.millis(200)

type Cache = SessionCache["Service"]

const read = (cache: Cache, { id, userId }: Effect.Success<typeof session>) => cache.get(id, routingTag(userId), now)

/** Reads are a miss, writes fail and say why, and none of 200 calls at once takes longer than the timeout. */
const assertUnreachable = Effect.fnUntraced(function*(cache: Cache, because: RegExp) {
  const one = yield* session
  const other = yield* Fixtures.freshSessionId
  const [duration] = yield* timedUnder(
    800,
    Effect.all([
      ...Array.from(
        { length: 150 },
        () => Effect.map(read(cache, one), (found) => assert.deepStrictEqual(found, Option.none()))
      ),
      ...[
        cache.put(one, [other], now),
        cache.put(one, [], one.activeUntil).pipe(Effect.andThen(cache.fence(one.userId, [other], now))),
        cache.fill(one, now),
        cache.fence(one.userId, [one.id], now),
        cache.index(one.userId, now)
      ].flatMap((call) => Array.from({ length: 10 }, () => call)).map((call) =>
        Effect.map(Effect.flip(Effect.asVoid(call)), (error) => {
          assert.instanceOf(error, SessionCacheError)
          assert.match(error.message, because)
          assert.notInclude(JSON.stringify(error), one.secretHash)
        })
      )
    ], { concurrency: "unbounded" })
  )
  return duration
})

/** Waits until a write goes through, and then until it can be read, at most 10 seconds each. */
const assertBack = Effect.fnUntraced(function*(cache: Cache) {
  const one = yield* session
  yield* Effect.retry(cache.put(one, [], now), { schedule: Schedule.spaced("50 millis"), times: 200 })
  const found = yield* Effect.repeat(read(cache, one), {
    until: Option.isSome,
    schedule: Schedule.spaced("50 millis"),
    times: 200
  })
  assert.deepStrictEqual(found, Option.some(one))
})

it.layer(Layer.merge(SecureRandom.layerWebCrypto, capturedLogs().layer), { excludeTestServices: true })((it) => {
  describeServer("SessionCacheRedis without Redis", () => {
    it.effect("K27 no server at the start: reads are a miss, writes are reported, at once", () =>
      Effect.gen(function*() {
        const port = yield* freePort
        const cache = yield* cacheOver(`redis://127.0.0.1:${port}`, { timeout: "3 seconds" })
        const { count } = yield* Metric.value(cacheReadErrors)
        yield* assertUnreachable(cache, /not connected/)
        assert.strictEqual((yield* Metric.value(cacheReadErrors)).count, count + 150)
      }))

    it.effect("K27 a server that comes later is found", () =>
      Effect.gen(function*() {
        const server = yield* startRedisServer()
        yield* server.kill
        const cache = yield* cacheOver(server.url, { timeout })
        yield* assertUnreachable(cache, /not connected/)
        yield* server.restart
        yield* assertBack(cache)
      }), 60_000)

    it.effect(
      "K27 a server that hangs: everything is over after the timeout, and works when it goes on",
      () =>
        Effect.gen(function*() {
          const server = yield* startRedisServer()
          // Otherwise a slow machine could come to see the socket given up on.
          const cache = yield* cacheOver(server.url, { timeout, client: { redis: { socketTimeout: 60_000 } } })
          yield* assertBack(cache)
          yield* server.freeze
          const took = yield* assertUnreachable(cache, /did not answer within 200 ms/)
          assert.isAtLeast(Duration.toMillis(took), 190)
          yield* assertUnreachable(cache, /did not answer within 200 ms/)
          yield* server.thaw
          yield* assertBack(cache)
        }),
      60_000
    )

    it.effect(
      "K27 a server that hangs for long is no longer waited for, so that nothing piles up",
      () =>
        Effect.gen(function*() {
          const server = yield* startRedisServer()
          const cache = yield* cacheOver(server.url, { timeout })
          yield* server.freeze
          yield* Effect.repeat(assertUnreachable(cache, /Redis/), { until: (took) => Duration.toMillis(took) < 100 })
            .pipe(
              Effect.timeout("8 seconds")
            )
          yield* server.thaw
          yield* assertBack(cache)
        }),
      60_000
    )

    it.effect(
      "K27 a server that hangs at the start holds the Layer up no longer than the start timeout",
      () =>
        Effect.gen(function*() {
          const server = yield* startRedisServer()
          yield* server.freeze
          const [, cache] = yield* timedUnder(
            1000,
            cacheOver(server.url, { timeout, client: { startTimeout: "400 millis" } })
          )
          yield* assertUnreachable(cache, /Redis/)
          yield* server.thaw
          yield* assertBack(cache)
        }),
      60_000
    )

    it.effect(
      "K27 a server that was killed and came back is used again, and the log told of it once each",
      () =>
        Effect.gen(function*() {
          const { lines, layer } = capturedLogs()
          const server = yield* startRedisServer()
          yield* Effect.gen(function*() {
            const cache = yield* cacheOver(server.url, { timeout: "5 seconds" })
            yield* assertBack(cache)
            yield* server.kill
            yield* Effect.sleep("300 millis")
            for (const _ of [1, 2, 3]) yield* assertUnreachable(cache, /not connected/)
            yield* server.restart
            yield* assertBack(cache)
          }).pipe(Effect.scoped, Effect.provide(layer))
          // Whether the first read that failed was still sent depends on what failed beside it.
          assert.deepStrictEqual(lines.map((line) => line.replace(/\. It is left alone for 500 ms$/, "")), [
            "WARN Sessions are served without Redis until it is back: " +
            "Redis is not connected; check that it runs and that its address is right, with rediss:// where it wants TLS",
            "WARN Sessions are read from the store instead of the cache: " +
            "Redis is not connected; check that it runs and that its address is right, with rediss:// where it wants TLS",
            "INFO Redis is back"
          ])
        }),
      60_000
    )

    it.effect(
      "K27 a fill and a fence that both ran out of time leave no session behind when Redis carries them out",
      () =>
        Effect.gen(function*() {
          const server = yield* startRedisServer()
          const cache = yield* cacheOver(server.url, { timeout })
          const redis = yield* inspect(server.url)
          yield* assertBack(cache)
          yield* server.freeze
          const one = yield* session
          yield* Effect.flip(cache.fill(one, now))
          yield* Effect.flip(cache.fence(one.userId, [one.id], now))
          yield* server.thaw
          yield* assertBack(cache)
          assert.deepStrictEqual(yield* read(cache, one), Option.none())
          assert.strictEqual(
            yield* Effect.promise(() => redis.zcard(`sojourn:{${routingTag(one.userId)}}:u:${one.userId}`)),
            0
          )
        }),
      60_000
    )
  })
})
