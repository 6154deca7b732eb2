import { assert, it } from "@effect/vitest"
import {
  Actor,
  EventId,
  LoggedEvent,
  SessionCreated,
  SessionEvent,
  SessionEvicted,
  SessionExpired,
  SessionRevoked,
  SessionsRevoked,
  SessionTrusted,
  SuspiciousActivityRecorded,
  system
} from "@sojourn/core"
import { EventStreamRedis, RedisClient } from "@sojourn/redis"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { Effect, Layer, Option, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import type { Redis } from "ioredis"
import { describeRedis, freePort, freshRedisPrefix, redisUrl, startRedisServer } from "../../testing/test/servers.ts"
import { capturedLogs, describeServer, inspect, timedUnder } from "./Backend.ts"
import { clientOf, consume, deliver, eventAt, eventsAt, range } from "./EventStream.ts"
import { startRedisCluster } from "./RedisCluster.ts"

const url = redisUrl ?? ""

const setup = Effect.fnUntraced(function*(options: EventStreamRedis.SinkOptions = {}) {
  const prefix = yield* freshRedisPrefix
  const redis = yield* inspect(url)
  const context = yield* clientOf(url)
  const newSink = () => {
    const sink = EventStreamRedis.sink({ prefix, ...options })
    return (events: ReadonlyArray<LoggedEvent>) => Effect.provide(sink(events), context)
  }
  const stream = `${prefix}:events`
  return { prefix, redis, context, stream, newSink, sink: newSink(), ids: idsOf(redis, stream) }
})

const idsOf = (redis: Redis, stream: string) =>
  Effect.map(Effect.promise(() => redis.xrange(stream, "-", "+")), (entries) => entries.map(([id]) => id))

const about = { at: Fixtures.now, userId: Fixtures.session().userId, sessionId: Fixtures.session().id }
const alice = Actor.make({ kind: "user", id: Option.some("alice") })
const eventId = EventId.make("00000000-0000-4000-8000-00000000000a")

const encodeEvent = Schema.encodeSync(Schema.toCodecJson(SessionEvent))

/** One of each kind that carries more than the others. */
const kinds = [
  SessionCreated.make({
    ...about,
    eventId,
    actor: alice,
    device: Option.some(Fixtures.device),
    ipAddress: Fixtures.session().ipAddress,
    location: Option.some(Fixtures.location),
    expiresAt: Fixtures.after("30 days")
  }),
  SessionEvicted.make({ ...about, eventId, actor: system, reason: "session_limit_exceeded", evictedBy: Option.none() }),
  SessionRevoked.make({ ...about, eventId, actor: alice, reason: "rotation_reuse", reuse: Option.some("theft") }),
  SessionsRevoked.make({ eventId, at: about.at, userId: about.userId, actor: alice, reason: "logout", count: 2 }),
  SessionExpired.make({ ...about, eventId, actor: system, reason: "idle", device: Option.some(Fixtures.device) }),
  SessionTrusted.make({ ...about, eventId, actor: alice }),
  SuspiciousActivityRecorded.make({ ...about, eventId, actor: alice, count: 3 })
]

it.layer(Layer.merge(SecureRandom.layerWebCrypto, capturedLogs().layer), { excludeTestServices: true })((it) => {
  describeRedis("EventStreamRedis.sink", () => {
    it.effect("D2 an entry has the position as its id, the event as versioned JSON, and what came before it", () =>
      Effect.gen(function*() {
        const { redis, sink, stream } = yield* setup()
        yield* sink(eventsAt([3, 7]))
        const entries = yield* Effect.promise(() => redis.xrange(stream, "-", "+"))
        assert.deepStrictEqual(
          entries.map(([id, [name, json, ...rest]]) => ({ id, name, json: JSON.parse(json!), rest })),
          [3, 7].map((position) => {
            const { event } = eventAt(position)
            const json = { version: 1, event: encodeEvent(event) }
            assert.include(json.event, { _tag: "SessionRotated", at: "2026-03-01T12:00:00.000Z", userId: "alice" })
            const previous = position === 3 ? "0" : "3"
            const rest = ["eventId", event.eventId, "type", event._tag, "previous", previous]
            return { id: `${position}-0`, name: "event", json, rest }
          })
        )
      }))

    it.effect("D2 a subscriber gets every kind of event as it was", () =>
      Effect.gen(function*() {
        const { context, prefix, sink } = yield* setup()
        yield* sink(kinds.map((event, at) => LoggedEvent.make({ position: at + 1, event })))
        const { got, untilCount } = yield* Effect.provide(consume({ group: "g", consumer: "c", prefix }), context)
        yield* untilCount(kinds.length)
        assert.deepStrictEqual(got, kinds.map((event, at) => ({ position: at + 1, event, deliveries: 1 })))
      }))

    it.effect("D2 what a relay hands over again is not added twice, and in between nothing is left out", () =>
      Effect.gen(function*() {
        const { ids, newSink, sink } = yield* setup()
        yield* sink(eventsAt([1, 2, 4]))
        yield* sink(eventsAt([1, 2, 4]))
        yield* newSink()(eventsAt([2, 4, 5, 9]))
        yield* sink(eventsAt([9]))
        assert.deepStrictEqual(yield* ids, ["1-0", "2-0", "4-0", "5-0", "9-0"])
      }))

    it.effect("D5 two processes that add the same at once add it once", () =>
      Effect.gen(function*() {
        const { ids, newSink } = yield* setup()
        const batches = range(0, 19).map((at) => eventsAt(range(at * 10 + 1, at * 10 + 20)))
        yield* Effect.all([newSink(), newSink()].map((sink) => Effect.forEach(batches, sink)), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(yield* ids, range(1, 210).map((position) => `${position}-0`))
      }))

    it.effect("D2 the stream is bounded, and what it was too short for is told and left out", () =>
      Effect.gen(function*() {
        const { lines, layer } = capturedLogs()
        const { ids, newSink, sink } = yield* setup({ maxLength: 200 })
        yield* Effect.gen(function*() {
          for (const at of range(0, 9)) yield* sink(eventsAt(range(at * 100 + 1, at * 100 + 100)))
          const kept = yield* ids
          assert.isTrue(kept.length >= 200 && kept.length <= 300, `${kept.length}`)
          assert.strictEqual(kept.at(-1), "1000-0")
          assert.deepStrictEqual(lines, [])
          const again = newSink()
          yield* again(eventsAt(range(1, 10)))
          yield* again(eventsAt(range(11, 20)))
          yield* again(eventsAt(range(990, 1010)))
          assert.strictEqual((yield* ids).at(-1), "1010-0")
          assert.deepStrictEqual(lines.map((line) => line.replace(/".*"/, "S")), [
            "WARN Events from before the oldest entry of the stream S are left out of it"
          ])
        }).pipe(Effect.provide(layer))
      }))

    it.effect("D2 a stream of another log is not written to, whatever its positions", () =>
      Effect.gen(function*() {
        const { ids, newSink, sink } = yield* setup()
        yield* newSink()([eventAt(2), eventAt(4, 1), eventAt(5), eventAt(6, 1)])
        const other = yield* Effect.flip(sink(eventsAt([2, 4, 5, 7])))
        assert.deepStrictEqual([other.reason, other.delivered], ["Unavailable", 1])
        assert.match(other.message, /of another log: .* position 4, .*Choose another prefix/)
        const between = yield* Effect.flip(sink(eventsAt([3, 4])))
        assert.deepStrictEqual([between.reason, between.delivered], ["Unavailable", 0])
        assert.deepStrictEqual(yield* ids, ["2-0", "4-0", "5-0", "6-0"])
      }))

    it.effect("D2 positions may be as large as numbers can tell apart", () =>
      Effect.gen(function*() {
        const { ids, redis, sink, stream } = yield* setup()
        const most = Number.MAX_SAFE_INTEGER
        yield* sink(eventsAt([most - 1]))
        yield* sink(eventsAt([most]))
        assert.deepStrictEqual(yield* ids, [`${most - 1}-0`, `${most}-0`])
        const [[, fields]] = (yield* Effect.promise(() => redis.xrevrange(stream, "+", "-", "COUNT", 1))) as [
          [string, Array<string>]
        ]
        assert.deepStrictEqual(fields.slice(-2), ["previous", `${most - 1}`])
      }))

    it.effect("D2 a key that holds something else is refused with what to do", () =>
      Effect.gen(function*() {
        const { redis, sink, stream } = yield* setup()
        yield* Effect.promise(() => redis.set(stream, "x"))
        const error = yield* Effect.flip(sink(eventsAt([1])))
        assert.strictEqual(error.reason, "Unavailable")
        assert.include(error.message, "choose another prefix, or remove the key")
      }))
  })

  describeServer("EventStreamRedis.sink and its server", () => {
    it.effect(
      "D3 without Redis a batch is Unavailable at once, and while it hangs after the timeout",
      () =>
        Effect.gen(function*() {
          const nobody = yield* clientOf(`redis://127.0.0.1:${yield* freePort}`)
          const server = yield* startRedisServer()
          const somebody = yield* clientOf(server.url)
          const fails = (context: typeof nobody) =>
            timedUnder(1500, Effect.flip(EventStreamRedis.sink({ timeout: "300 millis" })(eventsAt([1])))).pipe(
              Effect.provide(context)
            )
          const [, refused] = yield* fails(nobody)
          assert.strictEqual(refused.reason, "Unavailable")
          assert.match(refused.message, /stream "sojourn:events": Redis is not connected; check/)
          yield* server.freeze
          const [, hung] = yield* fails(somebody)
          assert.strictEqual(hung.reason, "Unavailable")
          assert.match(hung.message, /did not answer within 300 ms/)
          yield* server.thaw
          yield* deliver(EventStreamRedis.sink(), range(1, 3)).pipe(Effect.provide(somebody))
          const redis = yield* inspect(server.url)
          assert.deepStrictEqual(yield* idsOf(redis, "sojourn:events"), ["1-0", "2-0", "3-0"])
        }),
      60_000
    )

    it.effect("D3 a replica and a full Redis are Unavailable, with what to do", () =>
      Effect.gen(function*() {
        const server = yield* startRedisServer()
        const redis = yield* inspect(server.url)
        const context = yield* clientOf(server.url)
        const sink = EventStreamRedis.sink()
        yield* Effect.provide(sink(eventsAt([1])), context)
        yield* Effect.promise(() => redis.config("SET", "maxmemory", "1"))
        const full = yield* Effect.flip(sink(eventsAt([1, 2]))).pipe(Effect.provide(context))
        assert.deepStrictEqual([full.reason, full.delivered], ["Unavailable", 0])
        assert.match(full.message, /out of memory; raise maxmemory/)
        yield* Effect.promise(() => redis.config("SET", "maxmemory", "0"))
        yield* Effect.promise(() => redis.replicaof("127.0.0.1", server.port))
        const replica = yield* Effect.flip(sink(eventsAt([2]))).pipe(Effect.provide(context))
        assert.strictEqual(replica.reason, "Unavailable")
        assert.match(replica.message, /read-only replica; connect to the primary/)
        yield* Effect.promise(() => redis.replicaof("NO", "ONE"))
        yield* deliver(sink, [1, 2]).pipe(Effect.provide(context))
        assert.deepStrictEqual(yield* idsOf(redis, "sojourn:events"), ["1-0", "2-0"])
      }), 60_000)

    it.effect("D2 a batch is one command", () =>
      Effect.gen(function*() {
        const { url } = yield* startRedisServer()
        const redis = yield* inspect(url)
        const context = yield* clientOf(url)
        const sink = EventStreamRedis.sink()
        yield* Effect.provide(sink(eventsAt([1])), context)
        const calls = Effect.map(
          Effect.promise(() => redis.info("commandstats")),
          (info) => Number(/cmdstat_evalsha:calls=(\d+)/.exec(info)?.[1])
        )
        const before = yield* calls
        yield* Effect.provide(sink(eventsAt(range(2, 501))), context)
        assert.strictEqual((yield* calls) - before, 1)
        yield* Effect.provide(sink([]), context)
        assert.strictEqual((yield* calls) - before, 1)
      }))

    it.effect(
      "D2 D5 over a cluster: every event once, also through another node, and a consumer gets them",
      () =>
        Effect.gen(function*() {
          const nodes = yield* startRedisCluster
          const clients = yield* Effect.forEach(
            nodes,
            ({ port }) => Layer.build(RedisClient.layerCluster([{ host: "127.0.0.1", port }]))
          )
          const sink = EventStreamRedis.sink()
          yield* Effect.forEach(
            clients,
            (context, at) => deliver(sink, range(1 + at * 10, 20 + at * 10)).pipe(Effect.provide(context))
          )
          const subscriber = yield* Effect.provide(consume({ group: "g", consumer: "c" }), clients[0]!)
          yield* subscriber.untilCount(40)
          yield* deliver(sink, range(41, 45)).pipe(Effect.provide(clients[1]!))
          yield* subscriber.untilCount(45)
          assert.deepStrictEqual(subscriber.positions(), range(1, 45))
        }),
      60_000
    )
  })
})
