/** How a relay delivers: pauses, attempts, parts of a batch, and what it tells of itself. */
import { assert, describe, it } from "@effect/vitest"
import { relayBehind, relayDelivered, RelayRepo, relayRetries, relaySetAside, SinkError } from "@sojourn/core"
import { DateTime, Effect, Fiber, Metric, Option } from "effect"
import { TestClock } from "effect/testing"
import { logIn, sojourn } from "./alice.ts"
import { recorded } from "./recorded.ts"
import { name, relay, status, stores, timed } from "./relayed.ts"

const away = new SinkError({ reason: "Unavailable", message: "away", cause: "test" })
const rejected = new SinkError({ reason: "Rejected", message: "poison\u0007", cause: "test" })
const took = (delivered: number) => new SinkError({ reason: "Unavailable", message: "full", delivered, cause: "test" })
const logIns = (count: number) => Effect.replicateEffect(logIn, count)

/** The pauses between these moments. */
const pauses = (tries: ReadonlyArray<{ readonly at: number }>) =>
  tries.slice(1).map(({ at }, nth) => at - tries[nth]!.at)

describe("EventRelay", () => {
  it.effect("D3 a sink that is away is tried for as long as it takes; pauses double up to the longest", () =>
    Effect.gen(function*() {
      let isAway = true
      const { sink, tries } = timed(() => Effect.suspend(() => isAway ? Effect.fail(away) : Effect.void))
      yield* logIn
      yield* relay(sink, { retryAtMost: "2 seconds", attempts: 2 })
      yield* TestClock.adjust("1 minute")
      const taken = pauses(tries)
      assert.isAbove(taken.length, 25)
      for (const [nth, pause] of taken.entries()) {
        const due = 100 * 2 ** nth
        assert.isAtMost(pause, Math.min(1.2 * due, 2000) + 1)
        assert.isAtLeast(pause, Math.min(0.8 * due, 1600) - 1)
      }
      assert.strictEqual((yield* status).position, 0)
      isAway = false
      yield* TestClock.adjust("2 seconds")
      assert.deepInclude(yield* status, { position: 1, setAside: 0 })
    }).pipe(Effect.provide(sojourn)))

  it.effect("D3 by default two attempts are at most 30 seconds apart", () =>
    Effect.gen(function*() {
      const { sink, tries } = timed(() => Effect.fail(away))
      yield* logIn
      yield* relay(sink)
      yield* TestClock.adjust("10 minutes")
      for (const pause of pauses(tries)) assert.isAtMost(pause, 30_001)
    }).pipe(Effect.provide(sojourn)))

  it.effect("D3 by default a rejected event is tried 10 times in about a minute, then set aside", () =>
    Effect.gen(function*() {
      const repo = yield* RelayRepo
      const { sink, tries } = timed((events) => events[0]!.position === 1 ? Effect.fail(rejected) : Effect.void)
      yield* logIn
      yield* relay(sink)
      yield* TestClock.adjust("40 seconds")
      assert.deepStrictEqual(yield* repo.setAside(name, 10), [])
      yield* logIn
      yield* TestClock.adjust("25 seconds")
      assert.deepStrictEqual(tries.map((each) => each.positions), [...Array.from({ length: 10 }, () => [1]), [2]])
      const [aside] = yield* repo.setAside(name, 10)
      assert.strictEqual(DateTime.toEpochMillis(aside!.at), tries[9]!.at)
      assert.strictEqual(aside!.message, "poison", "without control characters")
      assert.deepInclude(yield* status, { position: 2, setAside: 1 })
    }).pipe(Effect.provide(sojourn)))

  it.effect("D3 between rejections it may be away: that counts as no attempt", () =>
    Effect.gen(function*() {
      let tried = 0
      const { sink, tries } = timed(() => Effect.suspend(() => Effect.fail(++tried % 2 === 0 ? rejected : away)))
      yield* logIn
      yield* relay(sink, { attempts: 3, retryAtMost: "1 second" })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(tries.length, 6)
      assert.strictEqual((yield* status).setAside, 1)
    }).pipe(Effect.provide(sojourn)))

  it.effect("D2 of a batch that was taken in part, only the rest is sent again, at once, and nothing has failed", () =>
    Effect.gen(function*() {
      const told: Array<number | undefined> = []
      const { sink, tries } = timed((events, after) => {
        told.push(after)
        return events.length > 2 ? Effect.fail(took(2)) : Effect.void
      })
      yield* logIns(7)
      const { counted } = yield* recorded(Effect.andThen(relay(sink), TestClock.adjust("10 millis")))
      assert.deepStrictEqual([told, counted(relayRetries)], [[0, 2, 4, 6], 0])
      assert.deepStrictEqual(tries.map(({ positions }) => positions), [
        [1, 2, 3, 4, 5, 6, 7],
        [3, 4, 5, 6, 7],
        [5, 6, 7],
        [7]
      ])
      assert.strictEqual((yield* status).position, 7)
    }).pipe(Effect.provide(sojourn)))

  it.effect("D2 a sink that says it took more than there was has taken all", () =>
    Effect.gen(function*() {
      const { sink, tries } = timed(() => Effect.fail(took(99)))
      yield* logIns(3)
      yield* relay(sink)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(tries.map(({ positions }) => positions), [[1, 2, 3]])
    }).pipe(Effect.provide(sojourn)))

  it.effect.each(
    [
      ["dies", () => Effect.die(new Error("broken"))],
      ["throws", () => {
        throw new Error("broken")
      }],
      ["interrupts itself", () => Effect.interrupt]
    ] as const
  )("D3 a sink that %s is one that rejects: the relay lives on", ([, deliver]) =>
    Effect.gen(function*() {
      const { sink, tries } = timed((events) => events[0]!.position === 1 ? deliver() : Effect.void)
      yield* logIn
      yield* relay(sink, { attempts: 2 })
      yield* TestClock.adjust("1 second")
      yield* logIn
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(tries.map(({ positions }) => positions), [[1], [1], [2]])
      assert.deepInclude(yield* status, { position: 2, setAside: 1 })
    }).pipe(Effect.provide(sojourn)))

  it.effect("D2 while a batch is delivered one more is read, and no more", () =>
    Effect.gen(function*() {
      const { layer, reads } = stores()
      yield* logIns(9)
      yield* Effect.gen(function*() {
        yield* relay(() => Effect.never, { batchSize: 2 })
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(reads, [0, 2])
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("at the end of the log it looks for more at intervals, and finds it", () =>
    Effect.gen(function*() {
      const { layer, reads } = stores()
      yield* Effect.gen(function*() {
        const { sink, tries } = timed(() => Effect.void)
        yield* relay(sink, { every: "1 second" })
        yield* TestClock.adjust("9500 millis")
        assert.strictEqual(reads.length, 10)
        yield* logIns(2)
        yield* TestClock.adjust("500 millis")
        assert.deepStrictEqual(tries, [{ at: 10_000, positions: [1, 2] }])
        assert.deepStrictEqual(reads.slice(10), [0])
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(reads.slice(10), [0, 2, 2])
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("tells how far it is behind, and what it delivered, tried again and set aside; without secrets", () =>
    Effect.gen(function*() {
      const behind = Effect.map(Metric.value(Metric.withAttributes(relayBehind, { relay: name })), ({ value }) => value)
      const { counted, exit, logs, spans } = yield* recorded(Effect.gen(function*() {
        const { sink } = timed((events) =>
          events.some(({ position }) => position === 2) ? Effect.fail(rejected) : Effect.void
        )
        yield* logIns(4)
        const fiber = yield* relay(sink, { attempts: 5, retryAtMost: "10 seconds" })
        assert.strictEqual(yield* behind, 4)
        yield* TestClock.adjust("1100 millis")
        assert.strictEqual(yield* behind, 3)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* behind, 0)
        yield* Fiber.interrupt(fiber)
        const other = yield* relay(() => Effect.never)
        yield* logIn
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* behind, 1)
        yield* Fiber.interrupt(other)
        assert.strictEqual(yield* behind, 0, "only who runs it tells")
      }))
      yield* exit
      assert.strictEqual(counted(relayDelivered, { relay: name }), 3)
      assert.strictEqual(counted(relayRetries, { relay: name }), 1 + 5)
      assert.strictEqual(counted(relaySetAside, { relay: name }), 1)
      assert.lengthOf(logs.filter((line) => line.startsWith("Error") && line.includes("at position 2 aside")), 1)
      const deliveries = spans.filter((span) => span.name === "sojourn.relay.deliver")
      assert.deepStrictEqual(deliveries.map((span) => span.attributes.get("messaging.batch.message_count")), [
        4,
        1,
        ...Array.from({ length: 5 }, () => 1),
        2,
        1
      ])
      assert.isTrue(deliveries.every((span) => span.attributes.get("relay") === name))
    }).pipe(Effect.provide(sojourn)))

  it.effect("when it is interrupted it lets another take the relay at once, and nothing counts as a failure", () =>
    Effect.gen(function*() {
      const { counted, exit } = yield* recorded(Effect.gen(function*() {
        yield* logIn
        const fiber = yield* relay(() => Effect.never)
        yield* TestClock.adjust("1 second")
        assert.isTrue(Option.isSome((yield* status).heldUntil))
        yield* Fiber.interrupt(fiber)
        assert.deepInclude(yield* status, { heldUntil: Option.none(), position: 0, setAside: 0 })
      }))
      yield* exit
      assert.strictEqual(counted(relayRetries), 0)
    }).pipe(Effect.provide(sojourn)))
})
