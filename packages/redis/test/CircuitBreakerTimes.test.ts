/** When a Redis is given up on, by a clock that the test sets. */
import { assert, it } from "@effect/vitest"
import * as CircuitBreaker from "@sojourn/redis/CircuitBreaker"
import { Effect } from "effect"
import { vi } from "vitest"

const refused = () => Promise.reject(new Error("Connection is closed."))
const answered = () => Promise.resolve("PONG")

/** A breaker with a timeout of 1,000 ms that opens for 500 ms after 3 failures. */
const setup = Effect.gen(function*() {
  let now = 0
  yield* Effect.acquireRelease(
    Effect.sync(() => vi.spyOn(performance, "now").mockImplementation(() => now)),
    (clock) => Effect.sync(() => clock.mockRestore())
  )
  const breaker = yield* CircuitBreaker.make({ timeoutMillis: 1000, failures: 3, openMillis: 500 })
  const at = (millis: number) =>
    Effect.sync(() => {
      now = millis
    })
  const fail = (asked = 1) => Effect.flip(breaker.send(refused, asked))
  const isOpen = Effect.sync(() => breaker.refuses() !== undefined)
  return { at, fail, isOpen, answer: breaker.send(answered, 1) }
})

it.effect("K27 failures open it only after half of the timeout without a success", () =>
  Effect.gen(function*() {
    const { at, fail, isOpen } = yield* setup
    yield* at(499)
    yield* Effect.replicateEffect(fail(), 5)
    assert.isFalse(yield* isOpen)
    yield* at(500)
    yield* fail()
    assert.isTrue(yield* isOpen)
  }).pipe(Effect.scoped))

it.effect("K27 one call that many have asked for counts for all of them", () =>
  Effect.gen(function*() {
    const { at, fail, isOpen } = yield* setup
    yield* at(500)
    yield* fail(2)
    assert.isFalse(yield* isOpen)
    yield* fail(2)
    assert.isTrue(yield* isOpen)
  }).pipe(Effect.scoped))

it.effect("K27 failures before a success do not count", () =>
  Effect.gen(function*() {
    const { answer, at, fail, isOpen } = yield* setup
    yield* at(500)
    yield* fail(2)
    yield* answer
    yield* at(1000)
    yield* fail(2)
    assert.isFalse(yield* isOpen)
  }).pipe(Effect.scoped))

it.effect("K27 what was under way and fails later does not put off the next call", () =>
  Effect.gen(function*() {
    const { at, fail, isOpen } = yield* setup
    yield* at(500)
    yield* fail(3)
    yield* at(900)
    yield* fail()
    assert.isTrue(yield* isOpen)
    yield* at(1000)
    assert.isFalse(yield* isOpen)
    assert.isTrue(yield* isOpen)
  }).pipe(Effect.scoped))
