import { assert, describe, it } from "@effect/vitest"
import { followEvents, readEvents } from "@sojourn/core"
import { Effect, Fiber, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { logIn, sojourn, userId } from "./alice.ts"
import { positions, stores } from "./relayed.ts"

const everybody = { after: 0, userId: Option.none() }
const logIns = (count: number) => Effect.replicateEffect(logIn, count)

describe("readEvents", () => {
  it.effect("D2 reads to the end, page by page, as the events are asked for", () =>
    Effect.gen(function*() {
      const { layer, reads } = stores()
      yield* logIns(1001)
      yield* Effect.gen(function*() {
        const all = yield* Stream.runCollect(readEvents(everybody))
        assert.deepStrictEqual(positions(all), Array.from({ length: 1001 }, (_, n) => n + 1))
        assert.deepStrictEqual(reads.splice(0), [0, 500, 1000])
        const some = yield* Stream.runCollect(Stream.take(readEvents({ ...everybody, after: 300 }), 3))
        assert.deepStrictEqual(positions(some), [301, 302, 303])
        assert.deepStrictEqual(reads, [300])
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("D2 an end that falls together with the end of a page", () =>
    Effect.gen(function*() {
      yield* logIns(500)
      const all = yield* Stream.runCollect(readEvents(everybody))
      assert.strictEqual(all.length, 500)
      assert.deepStrictEqual(yield* Stream.runCollect(readEvents({ ...everybody, after: 500 })), [])
    }).pipe(Effect.provide(sojourn)))

  it.effect("a log that fails fails the stream", () =>
    Effect.gen(function*() {
      const { answers, layer } = stores()
      answers.read = "fails"
      const error = yield* Effect.flip(Stream.runDrain(readEvents(everybody))).pipe(Effect.provide(layer))
      assert.strictEqual(error.message, "away")
    }).pipe(Effect.provide(sojourn)))
})

describe("followEvents", () => {
  it.effect("D2 gives what is there, then what comes, and looks for more at intervals only", () =>
    Effect.gen(function*() {
      const { layer, reads } = stores()
      yield* logIns(2)
      yield* Effect.gen(function*() {
        const seen: Array<number> = []
        const fiber = yield* Effect.forkChild(
          Stream.runForEach(
            followEvents({ after: 1, userId: Option.some(userId) }),
            ({ position }) => Effect.sync(() => seen.push(position))
          ),
          { startImmediately: true }
        )
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(seen, [2])
        yield* TestClock.adjust("1 minute")
        assert.isAtLeast(reads.length, 235)
        assert.isAtMost(reads.length, 245)
        yield* logIns(2)
        assert.deepStrictEqual(seen, [2])
        yield* TestClock.adjust("250 millis")
        assert.deepStrictEqual(seen, [2, 3, 4])
        yield* logIns(1)
        yield* TestClock.adjust("250 millis")
        assert.deepStrictEqual(seen, [2, 3, 4, 5])
        assert.isUndefined(fiber.pollUnsafe())
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("a log that fails fails the stream", () =>
    Effect.gen(function*() {
      const { answers, layer } = stores()
      const fiber = yield* Effect.forkChild(Effect.flip(Stream.runDrain(followEvents(everybody))), {
        startImmediately: true
      }).pipe(Effect.provide(layer))
      yield* TestClock.adjust("1 minute")
      answers.read = "fails"
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber)).message, "away")
    }).pipe(Effect.provide(sojourn)))
})
