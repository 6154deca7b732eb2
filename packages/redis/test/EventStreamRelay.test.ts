import { assert, it } from "@effect/vitest"
import {
  CreateSession,
  createSession,
  EventLog,
  layerRelay,
  type LoggedEvent,
  RelayName,
  User,
  UserId
} from "@sojourn/core"
import { EventStreamRedis } from "@sojourn/redis"
import { SojournTest } from "@sojourn/testing"
import { Effect, Layer, Option } from "effect"
import { startRedisServer } from "../../testing/test/servers.ts"
import { capturedLogs, describeServer, inspect } from "./Backend.ts"
import { clientOf, consume, range, until } from "./EventStream.ts"

const userId = UserId.make("alice")
const sojourn = SojournTest.layer({ users: [User.make({ id: userId, maxSessions: Option.some(2) })] })
const relay = layerRelay(RelayName.make("redis"), EventStreamRedis.sink({ timeout: "500 millis" }), {
  every: "20 millis",
  lease: "1 second",
  retryAtMost: "200 millis"
})

const plain = ({ event, position }: Pick<LoggedEvent, "event" | "position">) => ({ event, position })

it.layer(Layer.merge(sojourn, capturedLogs().layer), { excludeTestServices: true })((it) => {
  describeServer("a relay to EventStreamRedis", () => {
    it.effect(
      "D2 D5 two processes relay while Redis is killed: every event comes, in order, and is in the stream once",
      () =>
        Effect.gen(function*() {
          const server = yield* startRedisServer(["--appendonly", "yes", "--appendfsync", "always"])
          const redis = yield* inspect(server.url)
          const context = yield* clientOf(server.url)
          yield* Effect.forEach([1, 2], () => Effect.provide(Layer.build(Layer.fresh(relay)), context))
          const { got, positions } = yield* Effect.provide(consume({ group: "g", consumer: "c" }), context)
          const logIn = createSession(CreateSession.make({ userId })).pipe(Effect.delay("2 millis"))
          yield* Effect.replicateEffect(logIn, 100)
          yield* server.kill
          yield* Effect.replicateEffect(logIn, 100)
          yield* server.restart
          yield* Effect.replicateEffect(logIn, 100)

          const log = yield* EventLog.use((events) => events.read({ after: 0, limit: 1000, userId: Option.none() }))
          const last = log.at(-1)!.position
          assert.strictEqual(last, 300 + 298)
          yield* until("the last", () => positions().includes(last))
          const told = got.filter(({ position }, at) => positions().indexOf(position) === at)
          assert.deepStrictEqual(told.map(plain), log.map(plain))
          const entries = yield* Effect.promise(() => redis.xrange("sojourn:events", "-", "+"))
          assert.deepStrictEqual(entries.map(([id]) => id), range(1, last).map((position) => `${position}-0`))
        }),
      30_000
    )
  })
})
