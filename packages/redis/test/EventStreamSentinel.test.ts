/** The event stream, through Sentinel. */
import { assert, it } from "@effect/vitest"
import { EventStreamRedis } from "@sojourn/redis"
import { Effect, Layer, Schedule } from "effect"
import { SecureRandom } from "effect/crypto"
import { capturedLogs, describeServer, inspect } from "./Backend.ts"
import { consume, deliver, range } from "./EventStream.ts"
import { startSentinel } from "./RedisSentinel.ts"

it.layer(Layer.merge(SecureRandom.layerWebCrypto, capturedLogs().layer), { excludeTestServices: true })((it) => {
  describeServer("EventStreamRedis through Sentinel", () => {
    it.effect(
      "D2 after a failover sink and subscriber go on with the new primary: every event, in order",
      () =>
        Effect.gen(function*() {
          const { client, primary, replica } = yield* startSentinel
          const context = yield* Layer.build(client)
          const add = (first: number, last: number) =>
            Effect.provide(deliver(EventStreamRedis.sink({ timeout: "500 millis" }), range(first, last)), context)
          const { positions, untilCount } = yield* Effect.provide(
            consume({ group: "g", consumer: "a", timeout: "500 millis" }),
            context
          )
          yield* add(1, 50)
          yield* untilCount(50)
          // What a replica has not got yet dies with the primary, and is told as missing: not what this is about.
          const copy = yield* inspect(replica.url)
          yield* Effect.promise(() => copy.xlen("sojourn:events")).pipe(
            Effect.repeat({ until: (length) => length === 50, schedule: Schedule.spaced("20 millis"), times: 1000 }),
            Effect.map((length) => assert.strictEqual(length, 50))
          )
          yield* primary.kill
          yield* add(51, 100)
          yield* untilCount(100)
          assert.deepStrictEqual([...new Set(positions())], range(1, 100))
          assert.include(yield* Effect.promise(() => copy.info("replication")), "role:master")
        }),
      120_000
    )
  })
})
