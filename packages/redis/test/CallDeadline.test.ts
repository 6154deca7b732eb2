import { assert, describe, it } from "@effect/vitest"
import * as CallDeadline from "@sojourn/redis/CallDeadline"
import { makeBounded } from "@sojourn/redis/RedisCall"
import { Effect, Exit } from "effect"
import { describeRedis, redisUrl } from "../../testing/test/servers.ts"
import { inRealTime } from "../../testing/test/serversProcess.ts"
import { inspect } from "./Backend.ts"
import { until } from "./EventStream.ts"

const sleep = (millis: number) => inRealTime(Effect.sleep(millis))

/** Keeps the process from everything else, and leaves the processor to others. */
const block = (millis: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)

describe("CallDeadline", () => {
  it.effect("K27 every call has its own time, and expires once, unless it was stopped", () =>
    Effect.gen(function*() {
      const deadline = CallDeadline.make(200)
      const expired: Array<string> = []
      const times: Array<number> = []
      const start = (name: string) => {
        const began = performance.now()
        return deadline.start(() => {
          expired.push(name)
          times.push(performance.now() - began)
        })
      }
      start("first")
      const stopped = start("stopped")
      yield* sleep(30)
      start("second")
      assert.isTrue(deadline.stop(stopped))
      assert.isFalse(deadline.stop(stopped))
      yield* sleep(400)
      yield* inRealTime(until("two", () => expired.length >= 2))
      assert.deepStrictEqual(expired, ["first", "second"])
      const late = start("third")
      yield* sleep(400)
      yield* inRealTime(until("three", () => expired.length >= 3))
      assert.isFalse(deadline.stop(late))
      assert.deepStrictEqual(expired, ["first", "second", "third"])
      assert.isTrue(times.every((time) => time >= 199), `${times}`)
    }))

  it.effect("K27 a call that is begun when another expires has its time, too", () =>
    Effect.gen(function*() {
      const deadline = CallDeadline.make(20)
      const took = yield* inRealTime(Effect.callback<number>((resume) => {
        deadline.start(() => {
          const began = performance.now()
          deadline.start(() => resume(Effect.succeed(performance.now() - began)))
        })
      }))
      assert.isAtLeast(took, 19)
    }))
})

describeRedis("CallDeadline over Redis", () => {
  it.effect("K27 an answer that is there counts, however late the process comes to read it", () =>
    Effect.gen(function*() {
      const redis = yield* inspect(redisUrl!)
      yield* Effect.promise(() => redis.ping())
      const call = makeBounded(20)
      const answers = yield* Effect.all([
        Effect.exit(call(() => redis.ping())),
        Effect.sync(() => block(500))
      ], { concurrency: "unbounded" })
      assert.deepStrictEqual(answers[0], Exit.succeed("PONG"))
    }))
})
