/** Whose turn it is: leases that are lost, and stores that are away. */
import { assert, describe, it } from "@effect/vitest"
import { RelayRepo, sinkEach } from "@sojourn/core"
import { Clock, Duration, Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { logIn, sojourn } from "./alice.ts"
import { recorded } from "./recorded.ts"
import { name, relay, status, stores, timed } from "./relayed.ts"

/** A sink that hangs, and when it was interrupted. */
const hanging = () => {
  const cut: Array<number> = []
  const { sink, tries } = timed(() =>
    Effect.onInterrupt(Effect.never, () => Effect.map(Clock.currentTimeMillis, (at) => void cut.push(at)))
  )
  return { cut, sink, tries }
}

const holdAs = (holder: string) =>
  RelayRepo.use((repo) => repo.hold({ name, holder }, Duration.seconds(3), "beginning"))

describe("EventRelay", () => {
  it.effect("D5 the lease is prolonged for as long as a delivery takes", () =>
    Effect.gen(function*() {
      const { cut, sink } = hanging()
      yield* logIn
      yield* relay(sink)
      for (let second = 0; second < 60; second++) {
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* holdAs("other"), Option.none())
      }
      assert.deepStrictEqual(cut, [])
    }).pipe(Effect.provide(sojourn)))

  it.effect.each(
    [
      ["another holds the relay", "another", 11_000, 11_000],
      ["the store fails", "fails", 12_000, 13_000],
      ["the store does not answer", "hangs", 12_000, 13_000]
    ] as const
  )(
    "D5 when %s, the delivery is interrupted before another can begin",
    ([, answer, earliest, latest]) =>
      Effect.gen(function*() {
        const { answers, layer } = stores()
        yield* logIn
        const { exit } = yield* recorded(
          Effect.gen(function*() {
            const { cut, sink } = hanging()
            const fiber = yield* relay(sink)
            yield* TestClock.adjust("10 seconds")
            assert.deepStrictEqual(cut, [])
            answers.hold = answer
            yield* TestClock.adjust("10 seconds")
            assert.lengthOf(cut, 1)
            assert.isAtLeast(cut[0]!, earliest)
            assert.isAtMost(cut[0]!, latest)
            assert.isUndefined(fiber.pollUnsafe(), "it goes on trying")
            yield* Fiber.interrupt(fiber)
          }).pipe(Effect.provide(layer))
        )
        yield* exit
      }).pipe(Effect.provide(sojourn))
  )

  it.effect("D5 a store that fails for less than the lease costs nothing", () =>
    Effect.gen(function*() {
      const { answers, layer } = stores()
      yield* logIn
      yield* Effect.gen(function*() {
        const { cut, sink } = hanging()
        yield* relay(sink)
        yield* TestClock.adjust("10 seconds")
        answers.hold = "fails"
        yield* TestClock.adjust("2500 millis")
        answers.hold = "yes"
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(cut, [])
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("D5 an answer that never comes costs nothing when the next one does", () =>
    Effect.gen(function*() {
      const { answers, layer } = stores()
      yield* logIn
      yield* Effect.gen(function*() {
        const { cut, sink } = hanging()
        yield* relay(sink)
        yield* TestClock.adjust("10 seconds")
        answers.hold = "hangs"
        yield* TestClock.adjust("1500 millis")
        answers.hold = "yes"
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(cut, [])
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("D5 one that stands by takes over at most a third of the lease after it ran out", () =>
    Effect.gen(function*() {
      yield* logIn
      yield* holdAs("dead")
      const { sink, tries } = timed(() => Effect.void)
      yield* relay(sink)
      yield* TestClock.adjust("2900 millis")
      assert.deepStrictEqual(tries, [])
      yield* TestClock.adjust("1100 millis")
      assert.deepStrictEqual(tries.map(({ positions }) => positions), [[1]])
      assert.isAtMost(tries[0]!.at, 4000)
    }).pipe(Effect.provide(sojourn)))

  it.effect("D5 one that finds out by its position that another holds the relay stands by", () =>
    Effect.gen(function*() {
      const { answers, layer } = stores()
      yield* logIn
      yield* Effect.gen(function*() {
        const { sink, tries } = timed(() => Effect.sync(() => void (answers.hold = answers.advance)))
        answers.advance = "another"
        yield* relay(sink)
        yield* logIn
        yield* TestClock.adjust("900 millis")
        assert.deepStrictEqual(tries.map(({ positions }) => positions), [[1]])
        yield* TestClock.adjust("10 seconds")
        assert.lengthOf(tries, 1)
        answers.hold = "yes"
        answers.advance = "yes"
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(tries.map(({ positions }) => positions), [[1], [1, 2]])
        assert.strictEqual((yield* status).position, 2)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect.each(
    (["read", "hold", "advance"] as const).flatMap((operation) =>
      (["fails", "dies"] as const).map((how) => [operation, how] as const)
    )
  )(
    "D2 a store whose %s %s is waited for; then it goes on where it was",
    ([operation, how]) =>
      Effect.gen(function*() {
        const { answers, layer } = stores()
        yield* logIn
        const { exit, logs } = yield* recorded(
          Effect.gen(function*() {
            const taken: Array<number> = []
            yield* relay(sinkEach(({ position }) => Effect.sync(() => taken.push(position))))
            yield* TestClock.adjust("1 second")
            assert.deepStrictEqual(taken, [1])
            answers[operation] = how
            yield* logIn
            yield* TestClock.adjust("10 seconds")
            assert.strictEqual((yield* status).position, operation === "hold" ? 2 : 1)
            answers[operation] = "yes"
            yield* TestClock.adjust("5 seconds")
            assert.deepStrictEqual([...new Set(taken)], [1, 2])
            assert.strictEqual((yield* status).position, 2)
          }).pipe(Effect.provide(layer))
        )
        yield* exit
        assert.lengthOf(logs.filter((line) => line.includes("pauses, and tries again")), 1, "not every second")
      }).pipe(Effect.provide(sojourn))
  )
})
