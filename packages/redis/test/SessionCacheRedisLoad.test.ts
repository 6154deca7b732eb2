/** Redis frozen, and killed, while many validate: the store answers, and nobody waits for Redis for long. */
import { assert, it } from "@effect/vitest"
import { type CachedSession, routingTag, type SessionCache } from "@sojourn/core"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { Effect, Layer, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { type RedisServer, startRedisServer } from "../../testing/test/servers.ts"
import { cacheOver, capturedLogs, describeServer, inspect } from "./Backend.ts"

const { now } = Fixtures
const timeout = 100
const fibers = 50

const session = Effect.gen(function*() {
  const [id, userId] = [yield* Fixtures.freshSessionId, yield* Fixtures.freshUserId]
  return Fixtures.cachedSession({ id, userId })
})

/** When a call began, how long it took, and whether the cache had the session. */
interface Call {
  readonly began: number
  readonly took: number
  readonly isHit: boolean
}

/** Validates as an application does, with a fill after every miss, until the effect is over; all calls. */
const underLoad = Effect.fnUntraced(function*<E, R>(
  cache: SessionCache["Service"],
  sessions: ReadonlyArray<CachedSession>,
  during: Effect.Effect<void, E, R>
) {
  const calls: Array<Call> = []
  const validate = Effect.gen(function*() {
    const one = sessions[Math.floor(Math.random() * sessions.length)]!
    const began = performance.now()
    const found = yield* cache.get(one.id, routingTag(one.userId), now)
    if (Option.isNone(found)) yield* Effect.ignore(cache.fill(one, now))
    else assert.deepStrictEqual(found.value, one)
    calls.push({ began, took: performance.now() - began, isHit: Option.isSome(found) })
    // Others have their turn as well.
    yield* Effect.sleep("1 millis")
  })
  const load = Effect.all(Array.from({ length: fibers }, () => Effect.forever(validate)), { concurrency: "unbounded" })
  yield* Effect.raceFirst(load, during)
  return calls
})

const setup = Effect.gen(function*() {
  const server = yield* startRedisServer()
  const cache = yield* cacheOver(server.url, { timeout })
  const sessions = yield* Effect.replicateEffect(session, 200)
  const ended = yield* session
  yield* Effect.forEach(sessions, (one) => cache.put(one, [], now), { concurrency: 20, discard: true })
  yield* cache.put(ended, [], now)
  yield* cache.fence(ended.userId, [ended.id], now)
  return { server, cache, sessions, ended }
})

const percentile = (calls: ReadonlyArray<Call>, share: number) => {
  const sorted = calls.map(({ took }) => took).toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN
}

/** Breaks Redis for two seconds, and tells what the load saw before, meanwhile and once it was mended again. */
const outage = Effect.fnUntraced(function*(
  breakIt: (server: RedisServer) => Effect.Effect<void>,
  mendIt: (server: RedisServer) => Effect.Effect<void, unknown>
) {
  const { cache, ended, server, sessions } = yield* setup
  let [brokenAt, mendedAt, healedAt] = [0, 0, 0]
  const calls = yield* underLoad(
    cache,
    sessions,
    Effect.gen(function*() {
      yield* Effect.sleep("500 millis")
      brokenAt = performance.now()
      yield* breakIt(server)
      yield* Effect.sleep("2 seconds")
      mendedAt = performance.now()
      yield* mendIt(server)
      healedAt = performance.now() + 2000
      yield* Effect.sleep("3 seconds")
    })
  )
  assert.deepStrictEqual(yield* cache.get(ended.id, routingTag(ended.userId), now), Option.none())
  const broken = calls.filter(({ began }) => began > brokenAt && began < mendedAt)
  return {
    server,
    broken,
    others: calls.length - broken.length,
    before: calls.filter(({ began, took }) => began + took < brokenAt),
    last: calls.filter(({ began }) => began > healedAt)
  }
})

const tell = (what: string, broken: ReadonlyArray<Call>) =>
  Effect.sync(() => {
    const [median, p99, most] = [0.5, 0.99, 1].map((share) => percentile(broken, share).toFixed(1))
    console.log(`${what}: ${broken.length} validations, median ${median} ms, p99 ${p99} ms, most ${most} ms`)
  })

it.layer(Layer.merge(SecureRandom.layerWebCrypto, capturedLogs().layer), { excludeTestServices: true })((it) => {
  describeServer("SessionCacheRedis under load", () => {
    it.effect(
      "K27 Redis frozen: the first wait for the timeout, the others for nothing, and it heals by itself",
      () =>
        Effect.gen(function*() {
          const { before, broken, last, others, server } = yield* outage(({ freeze }) => freeze, ({ thaw }) => thaw)
          yield* tell("Redis frozen", broken)
          assert.isTrue(before.every(({ isHit }) => isHit))
          assert.isTrue(broken.every(({ isHit }) => !isHit))
          assert.isAtLeast(broken.length, 5000)
          // A read and a fill, each of which may have run out of time.
          assert.isAtMost(percentile(broken, 1), 2 * timeout + 300)
          const waited = broken.filter(({ took }) => took >= timeout - 5).length
          assert.isAtLeast(waited, 1)
          assert.isAtMost(waited, 3 * fibers)
          assert.isAtMost(percentile(broken, 0.95), 20)
          assert.isTrue(last.length > 0 && last.every(({ isHit }) => isHit))

          const redis = yield* inspect(server.url)
          const stats = yield* Effect.promise(() => redis.info("commandstats"))
          const reads = Number(/cmdstat_get:calls=(\d+)/.exec(stats)?.[1])
          assert.isAtMost(reads, others + 3 * fibers)
        }),
      30_000
    )

    it.effect("K27 Redis killed: nobody waits, and it is used again once it is back", () =>
      Effect.gen(function*() {
        const { broken, last } = yield* outage(({ kill }) => kill, ({ restart }) => restart)
        yield* tell("Redis killed", broken)
        assert.isAtLeast(broken.length, 5000)
        assert.isAtMost(percentile(broken, 0.99), timeout)
        assert.isAtMost(percentile(broken, 1), 2 * timeout + 300)
        assert.isTrue(last.some(({ isHit }) => isHit))
      }), 30_000)
  })
})
