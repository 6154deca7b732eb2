import { assert, it } from "@effect/vitest"
import { EventStreamRedis } from "@sojourn/redis"
import { readNew, skipGap } from "@sojourn/redis/EventStreamScripts"
import { Deferred, Duration, Effect, Fiber, Layer, Schedule } from "effect"
import { SecureRandom } from "effect/crypto"
import { startRedisServer } from "../../testing/test/servers.ts"
import { capturedLogs, describeServer, inspect } from "./Backend.ts"
import { clientOf, consume, deliver, range, until } from "./EventStream.ts"
import { startProxy } from "./proxy.ts"

/** Redis as a stream needs it: nothing that it confirmed is lost. */
const durable = ["--appendonly", "yes", "--appendfsync", "always"]

const setup = Effect.fnUntraced(function*(args: ReadonlyArray<string> = durable) {
  const server = yield* startRedisServer(args)
  const context = yield* clientOf(server.url)
  const redis = yield* inspect(server.url)
  return {
    server,
    redis,
    /** Each time as another process does it. */
    add: (first: number, last: number) =>
      Effect.provide(deliver(EventStreamRedis.sink({ timeout: "500 millis" }), range(first, last)), context),
    /** Within 10 seconds. */
    nothingPending: Effect.promise(() => redis.xpending("sojourn:events", "g")).pipe(
      Effect.map((summary) => Number((summary as Array<unknown>)[0])),
      Effect.repeat({ until: (count) => count === 0, schedule: Schedule.spaced("10 millis"), times: 1000 }),
      Effect.andThen(Effect.promise(() => redis.xpending("sojourn:events", "g", "-", "+", 1000))),
      Effect.map((left) => assert.deepStrictEqual(left, []))
    ),
    subscribe: (
      options: Partial<EventStreamRedis.SubscribeOptions> = {},
      handle?: (delivery: EventStreamRedis.Delivery) => Effect.Effect<unknown>
    ) => Effect.provide(consume({ group: "g", consumer: "a", timeout: "500 millis", ...options }, handle), context)
  }
})

it.layer(Layer.merge(SecureRandom.layerWebCrypto, capturedLogs().layer), { excludeTestServices: true })((it) => {
  describeServer("EventStreamRedis without Redis", () => {
    it.effect(
      "D2 killed and restarted under load: every event comes, in order, and the log is told once each",
      () =>
        Effect.gen(function*() {
          const { lines, layer } = capturedLogs()
          const { add, nothingPending, server, subscribe } = yield* setup()
          const { positions, untilCount } = yield* Effect.provide(subscribe({ timeout: "5 seconds" }), layer)
          yield* add(1, 50)
          yield* untilCount(50)
          const adding = yield* Effect.forkChild(
            Effect.forEach(range(6, 35), (at) => Effect.delay(add(at * 10 - 9, at * 10), "10 millis"))
          )
          yield* Effect.sleep("50 millis")
          yield* server.kill
          yield* Effect.sleep("600 millis")
          yield* server.restart
          yield* Fiber.join(adding)
          yield* until("the last", () => positions().includes(350))
          const unique = [...new Set(positions())]
          assert.deepStrictEqual(unique, range(1, 350))
          yield* nothingPending
          assert.lengthOf(lines, 2)
          assert.match(lines[0]!, /^WARN The group "g" hears of no events until Redis is back: Redis/)
          assert.strictEqual(lines[1], `INFO The group "g" hears of events again`)
        }),
      60_000
    )

    it.effect(
      "D2 frozen and thawed: what was acknowledged meanwhile does not come again",
      () =>
        Effect.gen(function*() {
          const { add, nothingPending, server, subscribe } = yield* setup()
          const gate = yield* Deferred.make<void>()
          const took: Array<number> = []
          const { positions, untilCount } = yield* subscribe({}, ({ acknowledge, position }) =>
            Deferred.await(gate).pipe(
              Effect.andThen(Effect.timed(acknowledge)),
              Effect.tap(([duration]) =>
                Effect.sync(() => {
                  if (position <= 20) took.push(Duration.toMillis(duration))
                })
              )
            ))
          yield* add(1, 20)
          yield* untilCount(1)
          yield* server.freeze
          yield* Deferred.succeed(gate, undefined)
          yield* untilCount(20)
          yield* until("all acknowledged", () => took.length === 20)
          // One call waits for its time to run out; then it is known that Redis is away.
          assert.isAtMost(took.filter((millis) => millis >= 450).length, 1)
          yield* server.thaw
          yield* add(21, 22)
          yield* untilCount(22)
          assert.deepStrictEqual(positions(), range(1, 22))
          yield* nothingPending
        }),
      60_000
    )

    it.effect(
      "D2 its connection is cut again and again: everything comes, nothing is left pending",
      () =>
        Effect.gen(function*() {
          const { add, nothingPending, redis, subscribe } = yield* setup()
          const { positions } = yield* subscribe({ batchSize: 10, idle: "1 minute" })
          yield* Effect.forEach(range(0, 4), (at) =>
            Effect.gen(function*() {
              yield* add(at * 40 + 1, at * 40 + 40)
              yield* Effect.promise(() => redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))
            }))
          yield* until("the last", () => positions().includes(200))
          assert.deepStrictEqual([...new Set(positions())], range(1, 200))
          yield* nothingPending
        }),
      60_000
    )

    it.effect(
      "D2 a subscriber that starts before Redis does hears of everything once it is there",
      () =>
        Effect.gen(function*() {
          const { add, server, subscribe } = yield* setup()
          yield* server.kill
          const { positions, untilCount } = yield* subscribe()
          yield* Effect.sleep("100 millis")
          yield* server.restart
          yield* add(1, 10)
          yield* untilCount(10)
          assert.deepStrictEqual(positions(), range(1, 10))
        }),
      60_000
    )

    it.effect(
      "D2 Redis comes back empty: the next events come, and what was lost unread is told",
      () =>
        Effect.gen(function*() {
          const { add, server, subscribe } = yield* setup([])
          const up = yield* subscribe()
          const slow = yield* subscribe({ group: "slow", batchSize: 2 }, () => Effect.never)
          yield* add(1, 10)
          yield* up.untilCount(10)
          yield* slow.untilCount(1)
          yield* slow.stop
          yield* server.restart
          yield* add(11, 12)
          yield* up.untilCount(12)
          assert.deepStrictEqual(up.positions(), range(1, 12))

          // What Redis confirmed, and lost before anybody read it.
          const back = yield* Deferred.make<void>()
          const stuck = yield* subscribe(
            { group: "stuck", batchSize: 2 },
            ({ acknowledge, position }) =>
              position === 11 ? Effect.andThen(Deferred.await(back), acknowledge) : acknowledge
          )
          yield* stuck.untilCount(1)
          yield* add(13, 20)
          yield* up.untilCount(20)
          yield* server.restart
          yield* add(21, 22)
          yield* Deferred.succeed(back, undefined)
          const failure = yield* stuck.failure
          assert.deepStrictEqual([failure.after, failure.until], [12, 20])
          assert.deepStrictEqual(stuck.positions(), [11, 12])
          yield* up.untilCount(22)
        }),
      60_000
    )

    it.effect.each([{ name: "readNew", script: readNew }, { name: "skipGap", script: skipGap }])(
      "D2 a gap is told, also when the connection breaks instead of the answer to $name",
      ({ script }) =>
        Effect.gen(function*() {
          const { add, redis, server } = yield* setup()
          const proxy = yield* startProxy(server.port)
          yield* Effect.promise(() => redis.script("LOAD", script.lua))
          const { failure, positions, untilCount } = yield* Effect.provide(
            consume({ group: "g", consumer: "a" }),
            yield* clientOf(proxy.url)
          )
          yield* add(1, 5)
          yield* untilCount(5)
          yield* proxy.loseAnswerTo(script.sha1)
          // The stream has lost what was between.
          yield* add(11, 12)
          const { after, until } = yield* failure
          assert.deepStrictEqual([after, until], [5, 10])
          assert.deepStrictEqual(positions(), range(1, 5))
        }),
      60_000
    )
  })
})
