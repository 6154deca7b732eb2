/** Redis frozen, and killed, while many validate: the store answers, and nobody waits for Redis for long. */
import { assert, it } from "@effect/vitest"
import { type CachedSession, routingTag, type SessionCache } from "@sojourn/core"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { Duration, Effect, Layer, Option, Schedule } from "effect"
import { SecureRandom } from "effect/crypto"
import { type RedisServer, startRedisServer } from "../../testing/test/servers.ts"
import { cacheOver, capturedLogs, describeServer, inspect, session } from "./Backend.ts"
import { until } from "./EventStream.ts"

const { now } = Fixtures
const timeout = 100
const fibers = 50

/** When a call began, how long it took, and whether the cache had the session. */
interface Call {
  readonly began: number
  readonly took: number
  readonly isHit: boolean
}

/**
 * Validates as an application does, with a fill after every miss, until the effect is over. Gives all calls, and how long
 * a timer of the timeout took at most, which a busy machine holds up as well.
 */
const underLoad = Effect.fnUntraced(function*<E, R>(
  cache: SessionCache["Service"],
  sessions: ReadonlyArray<CachedSession>,
  during: (calls: ReadonlyArray<Call>) => Effect.Effect<void, E, R>
) {
  const calls: Array<Call> = []
  let longest = timeout
  const timer = Effect.map(Effect.timed(Effect.sleep(timeout)), ([took]) => {
    longest = Math.max(longest, Duration.toMillis(took))
  })
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
  const load = Array.from({ length: fibers }, () => validate)
  yield* Effect.raceFirst(
    Effect.forEach([timer, ...load], (one) => Effect.forever(one), { concurrency: "unbounded" }),
    during(calls)
  )
  return { calls, longest }
})

const setup = Effect.gen(function*() {
  const server = yield* startRedisServer()
  const cache = yield* cacheOver(server.url, { timeout })
  const sessions = yield* Effect.replicateEffect(session, 200)
  const ended = yield* session
  const again = Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 200 })
  yield* Effect.forEach(sessions, (one) => again(cache.put(one, [], now)), { concurrency: 20, discard: true })
  yield* again(cache.put(ended, [], now))
  yield* again(cache.fence(ended.userId, [ended.id], now))
  return { server, cache, sessions, ended }
})

const percentile = (calls: ReadonlyArray<Call>, share: number) => {
  const sorted = calls.map(({ took }) => took).toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN
}

const untilServed = (calls: ReadonlyArray<Call>) =>
  until("1000 hits in a row", () => calls.length >= 1000 && calls.slice(-1000).every(({ isHit }) => isHit))

/** Breaks Redis for two seconds or more, and tells what the load saw meanwhile. All are served before, and again after. */
const outage = Effect.fnUntraced(function*(
  breakIt: (server: RedisServer) => Effect.Effect<void>,
  mendIt: (server: RedisServer) => Effect.Effect<void, unknown>
) {
  const { cache, ended, server, sessions } = yield* setup
  let [brokenAt, mendedAt] = [0, 0]
  const { calls, longest } = yield* underLoad(cache, sessions, (calls) =>
    Effect.gen(function*() {
      yield* untilServed(calls)
      const before = calls.length
      brokenAt = performance.now()
      yield* breakIt(server)
      yield* Effect.sleep("2 seconds")
      yield* until("5000 validations", () => calls.length >= before + fibers + 5000)
      mendedAt = performance.now()
      yield* mendIt(server)
      yield* untilServed(calls)
    }))
  assert.deepStrictEqual(yield* cache.get(ended.id, routingTag(ended.userId), now), Option.none())
  const broken = calls.filter(({ began }) => began > brokenAt && began < mendedAt)
  return {
    server,
    broken,
    /** Those of the broken that were over before it was mended. */
    unserved: broken.filter(({ began, took }) => began + took < mendedAt),
    others: calls.length - broken.length,
    // A read and a fill, each of which may have run out of time.
    most: 2 * longest + 300
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
          const { broken, most, others, server, unserved } = yield* outage(({ freeze }) => freeze, ({ thaw }) => thaw)
          yield* tell("Redis frozen", broken)
          assert.isTrue(unserved.every(({ isHit }) => !isHit))
          assert.isAtLeast(broken.length, 5000)
          assert.isAtMost(percentile(broken, 1), most)
          const waited = broken.filter(({ took }) => took >= timeout - 5).length
          assert.isAtLeast(waited, 1)
          assert.isAtMost(waited, 3 * fibers)
          assert.isAtMost(percentile(broken, 0.95), 20)

          const redis = yield* inspect(server.url)
          const stats = yield* Effect.promise(() => redis.info("commandstats"))
          const reads = Number(/cmdstat_get:calls=(\d+)/.exec(stats)?.[1])
          assert.isAtMost(reads, others + 3 * fibers)
        }),
      60_000
    )

    it.effect("K27 Redis killed: nobody waits, and it is used again once it is back", () =>
      Effect.gen(function*() {
        const { broken, most } = yield* outage(({ kill }) => kill, ({ restart }) => restart)
        yield* tell("Redis killed", broken)
        assert.isAtLeast(broken.length, 5000)
        assert.isAtMost(percentile(broken, 0.99), timeout)
        assert.isAtMost(percentile(broken, 1), most)
      }), 60_000)
  })
})
