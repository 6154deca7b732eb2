import { assert, it } from "@effect/vitest"
import { LoggedEvent } from "@sojourn/core"
import { EventStreamRedis } from "@sojourn/redis"
import { Effect, Layer, Schedule, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { describeRedis, freshRedisPrefix, redisUrl } from "../../testing/test/servers.ts"
import { capturedLogs, inspect } from "./Backend.ts"
import { clientOf, consume, eventAt, eventsAt, range, until } from "./EventStream.ts"

const url = redisUrl ?? ""

/** A stream of its own, with a group whose consumers give up on each other after 400 milliseconds. */
const setup = Effect.fnUntraced(function*(sinkOptions: EventStreamRedis.SinkOptions = {}) {
  const prefix = yield* freshRedisPrefix
  const stream = `${prefix}:events`
  const redis = yield* inspect(url)
  const context = yield* clientOf(url)
  const sink = EventStreamRedis.sink({ prefix, ...sinkOptions })
  const pending = Effect.map(
    Effect.promise(() => redis.xpending(stream, "g", "-", "+", 1000)),
    (entries) => (entries as Array<[string, string, number, number]>).map(([id, consumer]) => [id, consumer])
  )
  return {
    stream,
    redis,
    pending,
    /** Waits until so many are left: acknowledgements may be under way. */
    assertPending: (left: ReadonlyArray<ReadonlyArray<string>>) =>
      pending.pipe(
        Effect.repeat({
          until: ({ length }) => length === left.length,
          schedule: Schedule.spaced("10 millis"),
          times: 1000
        }),
        Effect.map((entries) => assert.deepStrictEqual<typeof left>(entries, left))
      ),
    add: (...positions: ReadonlyArray<number>) => Effect.provide(sink(eventsAt(positions)), context),
    /** Between this position and the first of them others were dropped. */
    addAfter: (after: number, ...positions: ReadonlyArray<number>) =>
      Effect.provide(sink(eventsAt(positions), after), context),
    addEvents: (events: ReadonlyArray<LoggedEvent>) => Effect.provide(sink(events), context),
    subscribe: (
      options: Partial<EventStreamRedis.SubscribeOptions> = {},
      handle?: (delivery: EventStreamRedis.Delivery) => Effect.Effect<unknown>
    ) => Effect.provide(consume({ group: "g", consumer: "a", prefix, idle: "400 millis", ...options }, handle), context)
  }
})

const leave = () => Effect.void
const slowly = ({ acknowledge }: EventStreamRedis.Delivery) => Effect.delay(acknowledge, "250 millis")

it.layer(Layer.merge(SecureRandom.layerWebCrypto, capturedLogs().layer), { excludeTestServices: true })((it) => {
  describeRedis("EventStreamRedis.subscribe", () => {
    it.effect("D2 one consumer gets what is there and what comes, in order, and each group gets all", () =>
      Effect.gen(function*() {
        const { add, assertPending, subscribe } = yield* setup()
        yield* add(...range(1, 250))
        const [one, other] = [yield* subscribe(), yield* subscribe({ group: "h" })]
        yield* one.untilCount(250)
        for (const position of range(251, 270)) yield* add(position)
        yield* one.untilCount(270)
        yield* other.untilCount(270)
        assert.deepStrictEqual(one.positions(), range(1, 270))
        assert.deepStrictEqual(other.positions(), range(1, 270))
        yield* assertPending([])
      }))

    it.effect("D2 a group may begin at the end, before there is a stream, and goes on where it was", () =>
      Effect.gen(function*() {
        const { add, redis, stream, subscribe } = yield* setup()
        const early = yield* subscribe()
        yield* until("the group", () => early.got.length === 0)
        yield* Effect.promise(() => redis.exists(stream)).pipe(Effect.repeat({ until: (found) => found === 1 }))
        yield* add(1, 2)
        yield* early.untilCount(2)
        yield* early.stop
        const late = yield* subscribe({ group: "late", from: "end" })
        yield* Effect.promise(() => redis.xinfo("GROUPS", stream)).pipe(
          Effect.repeat({ until: (groups) => (groups as Array<unknown>).length === 2 })
        )
        yield* add(3)
        yield* late.untilCount(1)
        yield* late.stop
        yield* add(4, 5)
        const again = yield* subscribe({ group: "late", from: "end" })
        const earlyAgain = yield* subscribe()
        yield* again.untilCount(2)
        yield* earlyAgain.untilCount(3)
        assert.deepStrictEqual(late.positions(), [3])
        assert.deepStrictEqual(again.positions(), [4, 5])
        assert.deepStrictEqual([...early.positions(), ...earlyAgain.positions()], range(1, 5))
      }))

    it.effect("D2 what a consumer did not acknowledge it gets first when it is back, before new ones", () =>
      Effect.gen(function*() {
        const { add, assertPending, subscribe } = yield* setup()
        yield* add(...range(1, 10))
        const first = yield* subscribe(
          { idle: "1 minute", batchSize: 3 },
          ({ acknowledge, position }) => position % 2 === 0 ? acknowledge : Effect.void
        )
        yield* first.untilCount(10)
        yield* assertPending([1, 3, 5, 7, 9].map((position) => [`${position}-0`, "a"]))
        yield* first.stop
        yield* add(11)
        const second = yield* subscribe({ idle: "1 minute", batchSize: 2 })
        yield* second.untilCount(6)
        assert.deepStrictEqual(
          second.got.map(({ deliveries, position }) => [position, deliveries]),
          [[1, 2], [3, 2], [5, 2], [7, 2], [9, 2], [11, 1]]
        )
        yield* assertPending([])
      }))

    it.effect("D5 two consumers share the events; what one dies with the other gets", () =>
      Effect.gen(function*() {
        const { add, assertPending, subscribe } = yield* setup()
        const doomed = yield* subscribe({ idle: "1 minute", batchSize: 5 }, leave)
        yield* add(...range(1, 5))
        yield* doomed.untilCount(5)
        const heir = yield* subscribe({ consumer: "b", batchSize: 5 })
        yield* add(...range(6, 20))
        yield* until("all", () => new Set([...doomed.positions(), ...heir.positions()]).size >= 20)
        yield* doomed.stop
        const died = doomed.positions()
        yield* until("claimed", () => new Set(heir.positions()).size >= 20)
        assert.sameMembers(heir.positions(), range(1, 20))
        for (const { deliveries, position } of heir.got) {
          assert.strictEqual(deliveries, died.includes(position) ? 2 : 1, `${position}`)
        }
        yield* assertPending([])
      }))

    it.effect("D5 two consumers that live and work slowly take nothing from each other", () =>
      Effect.gen(function*() {
        const { add, assertPending, subscribe } = yield* setup()
        const one = yield* subscribe({ idle: "1 second", batchSize: 8 }, slowly)
        const other = yield* subscribe({ idle: "1 second", consumer: "b", batchSize: 8 }, slowly)
        yield* add(...range(1, 16))
        yield* until("all", () => one.got.length + other.got.length >= 16)
        yield* Effect.sleep("500 millis")
        assert.sameMembers([...one.positions(), ...other.positions()], range(1, 16))
        assert.isTrue(one.got.length === 8 && other.got.length === 8)
        yield* assertPending([])
      }))

    it.effect("D2 what is left unacknowledged comes again, and the next ones meanwhile", () =>
      Effect.gen(function*() {
        const { add, assertPending, subscribe } = yield* setup()
        const { got, positions, untilCount } = yield* subscribe(
          { idle: "2 seconds" },
          ({ acknowledge, deliveries, position }) => position === 2 && deliveries < 3 ? Effect.void : acknowledge
        )
        yield* add(1, 2, 3)
        yield* untilCount(3)
        yield* add(4)
        yield* untilCount(6)
        assert.deepStrictEqual(positions(), [1, 2, 3, 4, 2, 2])
        assert.strictEqual(got.at(-1)?.deliveries, 3)
        yield* assertPending([])
      }))

    it.effect("D3 no more is read than the consumer works on", () =>
      Effect.gen(function*() {
        const { add, pending, subscribe } = yield* setup()
        yield* add(...range(1, 500))
        const { got, stop } = yield* subscribe({ batchSize: 7 }, () => Effect.never)
        yield* until("one", () => got.length === 1)
        yield* Effect.sleep("300 millis")
        assert.strictEqual(got.length, 1)
        assert.lengthOf(yield* pending, 7)
        yield* stop
      }))

    it.effect("D2 a consumer that is busy for longer than its life keeps what it has", () =>
      Effect.gen(function*() {
        const { add, subscribe } = yield* setup()
        yield* add(1)
        const busy = yield* subscribe({ idle: "1 second" }, () => Effect.never)
        yield* busy.untilCount(1)
        const idle = yield* subscribe({ idle: "1 second", consumer: "b" })
        yield* Effect.sleep("2 seconds")
        assert.deepStrictEqual(idle.got, [])
        yield* busy.stop
        yield* idle.untilCount(1)
      }))

    it.effect("D5 what was taken from a consumer is not taken back", () =>
      Effect.gen(function*() {
        const { add, pending, redis, stream, subscribe } = yield* setup()
        yield* add(1, 2)
        const busy = yield* subscribe({}, () => Effect.never)
        yield* busy.untilCount(1)
        yield* Effect.promise(() => redis.xclaim(stream, "g", "b", 0, "2-0"))
        yield* Effect.sleep("300 millis")
        assert.deepStrictEqual(yield* pending, [["1-0", "a"], ["2-0", "b"]])
      }))

    it.effect("D2 what cannot be read is told once and stays pending, for a version that can", () =>
      Effect.gen(function*() {
        const { lines, layer } = capturedLogs()
        const { add, pending, redis, stream, subscribe } = yield* setup()
        yield* Effect.gen(function*() {
          yield* add(1)
          const later = JSON.stringify({ version: 2, event: { _tag: "SessionMoved" } })
          yield* Effect.promise(() => redis.xadd(stream, "2-0", "event", later, "previous", "1"))
          yield* Effect.promise(() => redis.xadd(stream, "3-0", "event", "{", "previous", "2"))
          yield* Effect.promise(() => redis.xadd(stream, "4-0", "other", "event", "event2", "x"))
          yield* add(5)
          const { positions, untilCount } = yield* subscribe()
          yield* untilCount(2)
          yield* Effect.sleep("1 second")
          assert.deepStrictEqual(positions(), [1, 5])
          assert.deepStrictEqual(yield* pending, [2, 3, 4].map((position) => [`${position}-0`, "a"]))
          assert.deepStrictEqual(
            lines.map((line) => line.replaceAll(/".*?"/g, "S").slice(0, 42)),
            [2, 3, 4].map((position) => `ERROR The entry ${position}-0 of the stream S cannot`)
          )
        }).pipe(Effect.provide(layer))
      }))

    it.effect("D2 a group that was away for longer than the stream reaches back is told which events it missed", () =>
      Effect.gen(function*() {
        const { add, subscribe } = yield* setup({ maxLength: 100 })
        yield* add(...range(1, 5))
        const before = yield* subscribe()
        yield* before.untilCount(5)
        yield* before.stop
        for (const at of range(0, 9)) yield* add(...range(at * 100 + 6, at * 100 + 105))
        const told = yield* subscribe()
        const failure = yield* told.failure
        assert.instanceOf(failure, EventStreamRedis.EventStreamError)
        assert.deepStrictEqual(told.got, [])
        const after = yield* subscribe()
        yield* until("the last", () => after.positions().includes(1005))
        assert.deepStrictEqual(after.positions(), range(failure.until + 1, 1005))
        assert.strictEqual(failure.after, 5)
        assert.include(failure.message, `after position 5 up to ${failure.until} from the event log`)
        const fresh = yield* subscribe({ group: "new" })
        yield* until("the last", () => fresh.positions().includes(1005))
        assert.deepStrictEqual(fresh.positions(), after.positions())
      }))

    it.effect("D2 what stands before a gap is delivered before the gap is told", () =>
      Effect.gen(function*() {
        const { add, addAfter, subscribe } = yield* setup()
        yield* add(1, 2)
        yield* addAfter(4, 5, 6)
        const told = yield* subscribe()
        const { after, until } = yield* told.failure
        assert.deepStrictEqual([told.positions(), after, until], [[1, 2], 2, 4])
        const rest = yield* subscribe()
        yield* rest.untilCount(2)
        assert.deepStrictEqual(rest.positions(), [5, 6])
      }))

    it.effect("D2 what was dropped while it was pending is told, and holds up nothing", () =>
      Effect.gen(function*() {
        const { add, assertPending, redis, stream, subscribe } = yield* setup()
        yield* add(...range(1, 6))
        const first = yield* subscribe({}, leave)
        yield* first.untilCount(6)
        yield* first.stop
        yield* Effect.promise(() => redis.xtrim(stream, "MINID", "4-0"))
        const own = yield* subscribe({ idle: "1 minute" }, leave)
        const failure = yield* own.failure
        assert.deepStrictEqual([failure.after, failure.until], [0, 3])
        assert.deepStrictEqual(own.positions(), [4, 5, 6])
        yield* Effect.promise(() => redis.xtrim(stream, "MINID", "6-0"))
        const heir = yield* subscribe({ consumer: "b" })
        const claimed = yield* heir.failure
        assert.deepStrictEqual([claimed.after, claimed.until], [3, 5])
        const rest = yield* subscribe({ consumer: "b" })
        yield* add(7)
        yield* until("the rest", () => heir.got.length + rest.got.length >= 2)
        assert.sameMembers([...heir.positions(), ...rest.positions()], [6, 7])
        yield* assertPending([])
      }))

    it.effect("D2 ends with its stream, and gives its connection back", () =>
      Effect.gen(function*() {
        const { add, redis, stream, subscribe } = yield* setup()
        const own = Effect.map(
          Effect.promise(() => redis.client("LIST")),
          (list) => String(list).split("\n").filter((line) => line.includes("cmd=xread ")).length
        )
        yield* add(1)
        const before = yield* own
        const { stop, untilCount } = yield* subscribe()
        yield* untilCount(1)
        yield* Effect.repeat(own, { until: (count) => count === before + 1 })
        yield* stop
        yield* Effect.repeat(own, { until: (count) => count === before })
        const taken = yield* Effect.provide(
          EventStreamRedis.subscribe({ group: "t", consumer: "t", prefix: stream.slice(0, -":events".length) }).pipe(
            Stream.take(1),
            Stream.runCollect
          ),
          yield* clientOf(url)
        )
        assert.deepStrictEqual(taken.map(({ event }) => event), [eventAt(1).event])
      }))
  })
})
