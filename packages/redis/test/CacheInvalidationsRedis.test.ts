import { assert, it } from "@effect/vitest"
import {
  CachedSession,
  type CacheInvalidation,
  CacheInvalidations,
  routingTag,
  SecretHash,
  SessionCache
} from "@sojourn/core"
import { CacheInvalidationsRedis, RedisClient, SessionCacheRedis } from "@sojourn/redis"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { Context, DateTime, Effect, Layer, Option, Redacted, Schedule, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { freePort, startRedisServer } from "../../testing/test/servers.ts"
import { capturedLogs, describeServer, inspect, session, timedUnder } from "./Backend.ts"
import { clientOf, startRedisCluster } from "./RedisCluster.ts"

const { now } = Fixtures
const at = now.epochMilliseconds
const lost: CacheInvalidation = { _tag: "Lost" }
const listening: CacheInvalidation = { _tag: "Listening" }

const overUrl = (url: string) => RedisClient.layerUrl(Redacted.make(url))
/** A busy machine does not make it look as if the connection were broken. */
const patient: CacheInvalidationsRedis.Options = { patience: "10 seconds" }

/** Waits until it is so, at most 8 seconds. */
const until = (messages: ReadonlyArray<CacheInvalidation>, done: () => boolean) =>
  Effect.sync(done).pipe(
    Effect.repeat({ until: (isDone) => isDone, schedule: Schedule.spaced("5 millis"), times: 1600 }),
    Effect.map((isDone) => assert.isTrue(isDone, JSON.stringify(messages)))
  )

/** A cache, and what a number of consumers hear. */
const setup = Effect.fnUntraced(function*(
  client: Layer.Layer<RedisClient.RedisClient, unknown>,
  options = patient,
  consumers = 1
) {
  const context = yield* Layer.build(
    Layer.provide(
      Layer.mergeAll(SessionCacheRedis.layer({ timeout: "2 seconds" }), CacheInvalidationsRedis.layer(options)),
      client
    )
  )
  const { invalidations } = Context.get(context, CacheInvalidations)
  const heard = yield* Effect.forEach(Array.from({ length: consumers }), () => {
    const messages: Array<CacheInvalidation> = []
    const listen = Stream.runForEach(invalidations, (message) => Effect.sync(() => messages.push(message)))
    return Effect.as(Effect.forkScoped(listen, { startImmediately: true }), messages)
  })
  const first = heard[0]!
  return {
    cache: Context.get(context, SessionCache),
    invalidations,
    heard,
    messages: first,
    /** Until the last message is that one. */
    untilLast: (tag: CacheInvalidation["_tag"]) => until(first, () => first.at(-1)?._tag === tag),
    untilCount: (count: number) => until(first, () => first.length >= count)
  }
})

/** The same over one server, from when it is listened to on. */
const listeningTo = Effect.fnUntraced(function*(url: string, options = patient) {
  const heard = yield* setup(overUrl(url), options)
  yield* heard.untilLast("Listening")
  heard.messages.length = 0
  return heard
})

it.layer(Layer.merge(SecureRandom.layerWebCrypto, capturedLogs().layer), { excludeTestServices: true })((it) => {
  describeServer("CacheInvalidationsRedis", () => {
    it.effect("V11 fence, eviction and rotation tell all consumers which sessions and when; nothing else does", () =>
      Effect.gen(function*() {
        const { url } = yield* startRedisServer()
        const { cache, heard, untilCount, untilLast } = yield* setup(overUrl(url), patient, 3)
        yield* untilLast("Listening")
        const [one, other, evicted] = [yield* session, yield* session, yield* session]
        yield* cache.put(one, [], now)
        yield* cache.put(one, [], now)
        yield* cache.fill(other, now)
        yield* cache.touch(one, now)
        yield* cache.fence(one.userId, [], now)
        yield* cache.put(CachedSession.make({ ...one, secretHash: SecretHash.make("e1".repeat(32)) }), [], now)
        yield* cache.put(other, [evicted.id, one.id], now)
        yield* cache.fence(other.userId, [other.id], now)
        yield* untilCount(heard[0]![0]?._tag === "Lost" ? 5 : 4)
        yield* Effect.sleep("20 millis")
        for (const messages of heard) {
          assert.deepStrictEqual(messages.filter(({ _tag }) => _tag !== "Lost"), [
            listening,
            { _tag: "Changed", sessionIds: [one.id], at },
            { _tag: "Ended", sessionIds: [evicted.id, one.id], at },
            { _tag: "Ended", sessionIds: [other.id], at }
          ])
        }
      }))

    it.effect("V11 a rotation is told, too, of a session of which Redis has no entry any more", () =>
      Effect.gen(function*() {
        const { url } = yield* startRedisServer()
        const { cache, messages, untilLast } = yield* listeningTo(url)
        const one = yield* session
        const later = DateTime.addDuration(now, "1 minute")
        const secretHash = SecretHash.make("e1".repeat(32))
        yield* cache.put(CachedSession.make({ ...one, secretHash, rotation: 1 }), [], later)
        yield* untilLast("Changed")
        assert.deepStrictEqual(messages, [{ _tag: "Changed", sessionIds: [one.id], at: later.epochMilliseconds }])
      }))

    it.effect("V11 a Redis that is full takes no tombstone, and yet lets go of the entry and tells", () =>
      Effect.gen(function*() {
        const { url } = yield* startRedisServer()
        const redis = yield* inspect(url)
        const { cache, messages, untilCount } = yield* listeningTo(url)
        const [one, other, late] = [yield* session, yield* session, yield* session]
        yield* cache.put(one, [], now)
        yield* cache.put(other, [], now)
        yield* Effect.promise(() => redis.config("SET", "maxmemory", "1"))
        assert.include((yield* Effect.flip(cache.fence(one.userId, [one.id], now))).message, "out of memory")
        const put = cache.put(CachedSession.make({ ...late, userId: other.userId }), [other.id], now)
        assert.include((yield* Effect.flip(put)).message, "out of memory")
        yield* untilCount(2)
        assert.deepStrictEqual(
          messages,
          [one.id, other.id].map((id): CacheInvalidation => ({ _tag: "Ended", sessionIds: [id], at }))
        )
        for (const { id, userId } of [one, other]) {
          assert.deepStrictEqual(yield* cache.get(id, routingTag(userId), now), Option.none())
          assert.deepStrictEqual(yield* cache.index(userId, now), [])
        }
      }))

    it.effect("D4 an ending that is told again is published only if its tombstone is not there", () =>
      Effect.gen(function*() {
        const { url } = yield* startRedisServer()
        const redis = yield* inspect(url)
        const { cache, messages, untilCount } = yield* listeningTo(url)
        const [one, ...others] = yield* Effect.replicateEffect(session, 4)
        const { userId } = one!
        const [second, third, admitted] = others.map(({ id }) => id)
        const keyOf = (id: string) => `sojourn:{${routingTag(userId)}}:s:${id}`
        yield* cache.fence(userId, [one!.id, second!], now)
        yield* Effect.promise(() => redis.pexpire(keyOf(one!.id), 20_000))
        yield* cache.fence(userId, [one!.id, second!], now)
        assert.isAbove(yield* Effect.promise(() => redis.pttl(keyOf(one!.id))), 100_000)
        yield* cache.fence(userId, [one!.id, third!, second!], now)
        yield* cache.put(CachedSession.make({ ...one!, id: admitted! }), [third!, second!], now)
        yield* Effect.promise(() => redis.del(keyOf(second!)))
        yield* cache.fence(userId, [one!.id, second!, third!], now)
        yield* untilCount(3)
        yield* Effect.sleep("20 millis")
        assert.deepStrictEqual(
          messages,
          [[one!.id, second!], [third!], [second!]].map((sessionIds): CacheInvalidation => ({
            _tag: "Ended",
            sessionIds,
            at
          }))
        )
      }))

    it.effect("V11 a connection that is closed is told of and replaced", () =>
      Effect.gen(function*() {
        const { url } = yield* startRedisServer()
        const redis = yield* inspect(url)
        // No ping tells of it, only the closing.
        const { cache, messages, untilLast } = yield* listeningTo(url, { ...patient, pingEvery: "1 minute" })
        yield* Effect.promise(() => redis.call("CLIENT", "KILL", "TYPE", "pubsub"))
        yield* timedUnder(500, untilLast("Lost"))
        yield* timedUnder(2000, untilLast("Listening"))
        const one = yield* session
        yield* cache.fence(one.userId, [one.id], now)
        yield* untilLast("Ended")
        assert.deepStrictEqual(messages, [lost, listening, { _tag: "Ended", sessionIds: [one.id], at }])
      }))

    it.effect(
      "V11 a connection that is dead without a word is noticed within two seconds",
      () =>
        Effect.gen(function*() {
          const server = yield* startRedisServer()
          const { messages, untilLast } = yield* listeningTo(server.url, {})
          yield* server.freeze
          yield* timedUnder(2000, untilLast("Lost"))
          yield* Effect.sleep("1 second")
          assert.deepStrictEqual(messages, [lost])
          yield* server.thaw
          yield* timedUnder(4000, untilLast("Listening"))
        }),
      60_000
    )

    it.effect(
      "V11 begins with what is known, also without a server, and finds one that comes later",
      () =>
        Effect.gen(function*() {
          const nobody = yield* setup(overUrl(`redis://127.0.0.1:${yield* freePort}`))
          assert.deepStrictEqual(nobody.messages, [lost])
          const server = yield* startRedisServer()
          yield* server.kill
          const { messages, untilLast } = yield* setup(overUrl(server.url))
          yield* server.restart
          yield* untilLast("Listening")
          assert.strictEqual(messages[0]?._tag, "Lost")
        }),
      60_000
    )

    it.effect("V11 a channel that could not be subscribed to is not listened to at any time", () =>
      Effect.gen(function*() {
        const { lines, layer } = capturedLogs()
        const { url } = yield* startRedisServer()
        const redis = yield* inspect(url)
        yield* Effect.promise(() => redis.call("ACL", "SETUSER", "default", "-subscribe"))
        const { messages } = yield* Effect.provide(setup(overUrl(url)), layer)
        yield* until(messages, () => lines.some((line) => line.includes("are not heard from Redis")))
        assert.notDeepInclude(messages, listening)
      }))

    it.effect("V11 the connection is closed with the scope", () =>
      Effect.gen(function*() {
        const { url } = yield* startRedisServer()
        const redis = yield* inspect(url)
        const listeners = Effect.promise(() => redis.pubsub("NUMSUB", "sojourn:ended")).pipe(
          Effect.map(([, count]) => Number(count))
        )
        yield* Effect.scoped(Effect.gen(function*() {
          const { untilLast } = yield* setup(overUrl(url), patient, 2)
          yield* untilLast("Listening")
          assert.strictEqual(yield* listeners, 1)
        }))
        yield* Effect.repeat(listeners, {
          until: (count) => count === 0,
          schedule: Schedule.spaced("10 millis"),
          times: 100
        })
        assert.strictEqual(yield* listeners, 0)
      }))

    it.effect("K27 a consumer that is too far behind is told that messages were lost", () =>
      Effect.gen(function*() {
        const { url } = yield* startRedisServer()
        const redis = yield* inspect(url)
        const { invalidations, messages, untilLast } = yield* setup(overUrl(url))
        yield* untilLast("Listening")
        const pull = yield* Stream.toPull(invalidations)
        yield* Effect.repeat(pull, { until: (begins) => begins.at(-1)?._tag === "Listening" })
        const { id } = yield* session
        const publish = (text: string) => Effect.promise(() => redis.publish("sojourn:ended", text))
        yield* Effect.replicateEffect(publish(`E1 ${id}`), 10_001, { concurrency: "unbounded", discard: true })
        yield* publish(`C2 ${id}`)
        // The other consumer hears it last, so there is nothing more to come.
        yield* untilLast("Changed")
        assert.deepStrictEqual(yield* pull, [listening, messages.at(-1)!])
      }), 60_000)

    it.effect(
      "V11 in a cluster what any node's users end is heard, also after the connection broke",
      () =>
        Effect.gen(function*() {
          const nodes = yield* startRedisCluster
          const clients = yield* Effect.forEach(nodes, ({ url }) => inspect(url))
          const { cache, messages, untilCount, untilLast } = yield* setup(
            clientOf(nodes)
          )
          for (const _ of [1, 2]) {
            yield* untilLast("Listening")
            messages.length = 0
            const sessions = yield* Effect.replicateEffect(session, 60)
            yield* Effect.forEach(sessions, ({ id, userId }) => cache.fence(userId, [id], now), { concurrency: 10 })
            yield* untilCount(60)
            assert.sameMembers(
              messages.flatMap((message) => message._tag === "Ended" ? message.sessionIds : []),
              sessions.map(({ id }) => id)
            )
            messages.length = 0
            yield* Effect.forEach(clients, (client) =>
              Effect.promise(() => client.call("CLIENT", "KILL", "TYPE", "pubsub")))
            yield* untilLast("Lost")
          }
        }),
      60_000
    )
  })
})
