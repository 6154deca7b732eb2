import { assert, describe, it } from "@effect/vitest"
import * as CircuitBreaker from "@sojourn/redis/CircuitBreaker"
import { Effect, Fiber, Metric } from "effect"
import { inRealTime } from "../../testing/test/serversProcess.ts"

const sleep = (millis: number) => inRealTime(Effect.sleep(millis))
const never = () => new Promise<string>(() => {})
const refused = () => Promise.reject(new Error("Connection is closed."))
const answered = () => Promise.resolve("PONG")

/** A breaker over calls that are counted. */
const setup = Effect.fnUntraced(function*(timeoutMillis: number, openMillis = 150) {
  const { call: run } = yield* CircuitBreaker.make({ timeoutMillis, failures: 3, openMillis })
  const sent: Array<string> = []
  const call = (send: () => Promise<string>) =>
    run(() => {
      sent.push("call")
      return send()
    })
  const fail = (send: () => Promise<string>) => Effect.flip(call(send))
  const open = Effect.replicateEffect(fail(never), 3, { concurrency: "unbounded" })
  const isOpen = Effect.map(Metric.value(CircuitBreaker.cacheCircuitOpen), ({ value }) => value)
  return { call, fail, open, sent, isOpen }
})

describe("CircuitBreaker", () => {
  it.effect("K27 opens when calls fail in a row, says why, and asks nobody", () =>
    Effect.gen(function*() {
      const { call, fail, isOpen, open, sent } = yield* setup(20, 60_000)
      assert.strictEqual(yield* call(answered), "PONG")
      yield* open
      assert.strictEqual(yield* isOpen, 1)
      const { message } = yield* fail(answered)
      assert.match(message, /did not answer within 20 ms.*left alone for 60000 ms/)
      assert.strictEqual(sent.length, 4)
    }))

  it.effect("K27 lets one call through now and then, and all once that was answered", () =>
    Effect.gen(function*() {
      const { call, fail, isOpen, open, sent } = yield* setup(20)
      yield* open
      sent.length = 0
      yield* sleep(160)
      yield* Effect.replicateEffect(fail(never), 10, { concurrency: "unbounded" })
      assert.strictEqual(sent.length, 1)
      assert.strictEqual(yield* isOpen, 1)
      yield* sleep(160)
      assert.strictEqual(yield* call(answered), "PONG")
      assert.strictEqual(yield* isOpen, 0)
      yield* Effect.replicateEffect(call(answered), 10, { concurrency: "unbounded" })
      assert.strictEqual(sent.length, 12)
    }))

  it.effect("K27 stays closed while some calls are answered", () =>
    Effect.gen(function*() {
      const { call, fail, isOpen, sent } = yield* setup(5000)
      yield* call(answered)
      for (let round = 0; round < 20; round++) {
        yield* fail(refused)
        yield* fail(refused)
        yield* call(answered)
      }
      yield* Effect.replicateEffect(fail(refused), 10)
      assert.strictEqual(sent.length, 1 + 60 + 10)
      assert.strictEqual(yield* isOpen, 0)
    }))

  it.effect("K27 a call whose caller was interrupted still tells whether Redis is back", () =>
    Effect.gen(function*() {
      const { call, isOpen, open } = yield* setup(200)
      yield* open
      yield* sleep(160)
      const { promise, resolve } = Promise.withResolvers<string>()
      const fiber = yield* Effect.forkChild(call(() => promise), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* isOpen, 1)
      resolve("PONG")
      yield* sleep(1)
      assert.strictEqual(yield* isOpen, 0)
      assert.strictEqual(yield* call(answered), "PONG")
    }))
})
