/** A bus of the application's own that is slow, or fails: it hears what there is to hear, in order, and holds up nobody for long. */
import { assert, it } from "@effect/vitest"
import { createdEventId, type EventBus, type SessionEvent, SessionId, SessionRotated, system } from "@sojourn/core"
import { publish } from "@sojourn/core/Publish"
import { busErrors } from "@sojourn/core/SessionMetrics"
import { Fixtures } from "@sojourn/testing"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { recorded } from "./recorded.ts"

const eventOf = (n: number): SessionEvent => {
  const { createdAt: at, id, userId } = Fixtures.session({
    id: SessionId.make(`019ca945-0a00-7000-8c1d-00000000000${n}`)
  })
  return SessionRotated.make({ eventId: createdEventId(id), at, userId, actor: system, sessionId: id })
}

const told = (publish: EventBus["Service"]["publish"]): EventBus["Service"] => ({ publish, events: Stream.empty })

const publishing = (bus: EventBus["Service"], event: SessionEvent) =>
  Effect.forkChild(publish(bus, [event]), { startImmediately: true })

it.effect("D3 a slow bus hears one publication after the other, in order, and holds up the first of them alone", () =>
  Effect.gen(function*() {
    const events = [0, 1, 2].map(eventOf)
    const heard: Array<SessionEvent> = []
    // Each takes less time than the one before.
    const bus = told(([event]) =>
      Effect.delay(Effect.sync(() => heard.push(event!)), `${30 - 10 * events.indexOf(event!)} seconds`)
    )
    const first = yield* publishing(bus, events[0]!)
    yield* TestClock.adjust("249 millis")
    assert.isUndefined(first.pollUnsafe())
    yield* TestClock.adjust("1 millis")
    assert.isDefined(first.pollUnsafe())
    for (const event of events.slice(1)) assert.isDefined((yield* publishing(bus, event)).pollUnsafe())
    yield* TestClock.adjust("30 seconds")
    // It has heard the first one and is late all the same.
    assert.isDefined((yield* publishing(bus, events[2]!)).pollUnsafe())
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(heard, [...events, events[2]])
    // It has caught up, so it is waited for again.
    assert.isUndefined((yield* publishing(bus, events[2]!)).pollUnsafe())
  }))

it.effect("D3 a bus that never answers keeps 1,000 publications, and each is counted once and told at times", () =>
  Effect.gen(function*() {
    let calls = 0
    const bus = told(() => Effect.andThen(Effect.sync(() => calls++), Effect.never))
    const event = eventOf(0)
    const { counted, logs } = yield* recorded(Effect.gen(function*() {
      const first = yield* publishing(bus, event)
      yield* TestClock.adjust("250 millis")
      yield* Fiber.join(first)
      yield* Effect.replicateEffect(publish(bus, [event]), 1200)
      yield* TestClock.adjust("30 seconds")
      yield* publish(bus, [event])
    }))
    assert.strictEqual(calls, 1)
    assert.strictEqual(counted(busErrors), 1202)
    assert.lengthOf(logs, 2)
    assert.include(logs[1], "1000 publications behind")
  }))

it.effect("D3 a publication that is slow and then fails is counted once", () =>
  Effect.gen(function*() {
    const bus = told(() => Effect.delay(Effect.die("in the end"), "1 second"))
    const event = eventOf(0)
    const { counted } = yield* recorded(Effect.gen(function*() {
      yield* publishing(bus, event)
      yield* TestClock.adjust("1 minute")
    }))
    assert.strictEqual(counted(busErrors), 1)
  }))

it.effect("D3 a bus that causes an event itself is told of that later, and does not wait for itself", () =>
  Effect.gen(function*() {
    const heard: Array<SessionEvent> = []
    const [first, second] = [eventOf(0), eventOf(1)]
    const bus = told(([event]) =>
      Effect.gen(function*() {
        if (event === first) yield* Effect.andThen(Effect.sleep("10 millis"), publish(bus, [second]))
        heard.push(event!)
      })
    )
    const { counted } = yield* recorded(Effect.gen(function*() {
      const fiber = yield* publishing(bus, first)
      yield* TestClock.adjust("10 millis")
      assert.isDefined(fiber.pollUnsafe())
    }))
    assert.deepStrictEqual(heard, [first, second])
    assert.strictEqual(counted(busErrors), 0)
  }))

const failures: ReadonlyArray<readonly [when: string, failing: Effect.Effect<void>]> = [
  ["at once", Effect.die("no")],
  ["soon", Effect.delay(Effect.die("no"), "10 millis")]
]
it.effect.each(failures)(
  "D3 a publication that fails %s is counted and told, and the bus hears the next one",
  ([, failing]) =>
    Effect.gen(function*() {
      const heard: Array<SessionEvent> = []
      const [first, second] = [eventOf(0), eventOf(1)]
      const bus = told(([event]) => event === first ? failing : Effect.sync(() => heard.push(event!)))
      const { counted, logs } = yield* recorded(Effect.gen(function*() {
        yield* publishing(bus, first)
        yield* TestClock.adjust("10 millis")
        yield* publish(bus, [second])
      }))
      assert.strictEqual(counted(busErrors), 1)
      assert.lengthOf(logs, 1)
      assert.deepStrictEqual(heard, [second])
    })
)

it.effect("D3 what waits for a bus is heard when it goes on: 1,000 publications, and no more", () =>
  Effect.gen(function*() {
    let heard = 0
    const bus = told(() => Effect.delay(Effect.sync(() => heard++), "1 second"))
    const event = eventOf(0)
    const { counted } = yield* recorded(Effect.gen(function*() {
      yield* publishing(bus, event)
      yield* TestClock.adjust("250 millis")
      yield* Effect.replicateEffect(publish(bus, [event]), 1000)
      yield* TestClock.adjust("1 hour")
    }))
    assert.strictEqual(heard, 1000)
    assert.strictEqual(counted(busErrors), 1001)
  }))

it.effect("D3 a bus that tells another one waits for that as anybody does", () =>
  Effect.gen(function*() {
    const heard: Array<string> = []
    const other = told(() => Effect.delay(Effect.sync(() => heard.push("other")), "100 millis"))
    const bus = told((events) => Effect.andThen(publish(other, events), Effect.sync(() => heard.push("first"))))
    yield* publishing(bus, eventOf(0))
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(heard, ["other", "first"])
  }))

it.effect("D3 a bus that is done at once is not asked before it has done with what is slow", () =>
  Effect.gen(function*() {
    const heard: Array<string> = []
    const [first, second] = [eventOf(0), eventOf(1)]
    const bus = told(([event]) => {
      heard.push(event === first ? "asked the first" : "asked the second")
      return event === first ? Effect.delay(Effect.sync(() => heard.push("done with it")), "1 second") : Effect.void
    })
    yield* publishing(bus, first)
    yield* publishing(bus, second)
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(heard, ["asked the first", "done with it", "asked the second"])
  }))
