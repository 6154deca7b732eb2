import { assert, it } from "@effect/vitest"
import { routingTag, SessionCache } from "@sojourn/core"
import { type RedisClient, SessionCacheRedis } from "@sojourn/redis"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { Context, Effect, Layer, Option, Schedule } from "effect"
import { SecureRandom } from "effect/crypto"
import { capturedLogs, describeServer, inspect, session } from "./Backend.ts"
import { clientOf, startRedisCluster } from "./RedisCluster.ts"

const { now } = Fixtures

/** What would end a process, from now on. */
const fatal = Effect.acquireRelease(
  Effect.sync(() => {
    const errors: Array<unknown> = []
    const note = (error: unknown) => {
      errors.push(error)
    }
    process.on("unhandledRejection", note).on("uncaughtException", note)
    return { errors, note }
  }),
  ({ note }) => Effect.sync(() => process.off("unhandledRejection", note).off("uncaughtException", note))
).pipe(Effect.map(({ errors }) => errors))

const cacheOver = (nodes: ReadonlyArray<{ readonly port: number }>, options: RedisClient.NodesOptions = {}) =>
  Layer.build(
    SessionCacheRedis.layer({ timeout: "500 millis" }).pipe(
      Layer.provide(clientOf(nodes, options))
    )
  ).pipe(Effect.map(Context.get(SessionCache)))

/** Begins to move the slot in which the key is, away from the node that has it. */
const beginMove = Effect.fnUntraced(function*(nodes: Effect.Success<typeof startRedisCluster>, key: string) {
  const slot = Number(yield* nodes[0]!.call("KEYSLOT", key))
  const at = [10_923, 5461, 0].findIndex((first) => slot >= first)
  const [from, to] = [nodes[2 - at]!, nodes[at === 2 ? 1 : 0]!]
  yield* to.call("SETSLOT", slot, "IMPORTING", String(yield* from.call("MYID")))
  yield* from.call("SETSLOT", slot, "MIGRATING", String(yield* to.call("MYID")))
  return { from: yield* inspect(from.url), to }
})

it.layer(Layer.merge(SecureRandom.layerWebCrypto, capturedLogs().layer), { excludeTestServices: true })((it) => {
  describeServer("SessionCacheRedis while slots move", () => {
    it.effect("K27 a node to which a slot is on its way may die, and refuse to be asked", () =>
      Effect.gen(function*() {
        const errors = yield* fatal
        const nodes = yield* startRedisCluster
        for (const { url } of nodes) {
          const redis = yield* inspect(url)
          yield* Effect.promise(() => redis.acl("SETUSER", "app", "reset", "on", ">pw", "~*", "&*", "+@all", "-asking"))
        }
        const unasked = yield* cacheOver(nodes, { cluster: { redisOptions: { username: "app", password: "pw" } } })
        const cache = yield* cacheOver(nodes)
        const one = yield* session
        const key = `{${routingTag(one.userId)}}`
        const { from, to } = yield* beginMove(nodes, key)
        const asked = yield* Effect.flip(Effect.tryPromise(() => from.get(key)))
        assert.match(`${asked.cause}`, /ASK \d+/)
        const fence = (cache: SessionCache["Service"]) => Effect.result(cache.fence(one.userId, [one.id], now))
        yield* Effect.replicateEffect(fence(unasked), 5)
        yield* fence(cache)
        yield* to.kill
        yield* Effect.replicateEffect(fence(cache), 20, { concurrency: "unbounded" })
        yield* Effect.sleep("500 millis")
        assert.deepStrictEqual(errors, [])
      }), 60_000)

    it.effect("K27 a slot that nobody serves is a miss, also while a cluster forms", () =>
      Effect.gen(function*() {
        const errors = yield* fatal
        const nodes = yield* startRedisCluster
        yield* Effect.forEach(nodes, ({ call }) => call("DELSLOTSRANGE", 10_923, 16_383))
        const sessions = yield* Effect.replicateEffect(session, 30)
        const cache = yield* cacheOver(nodes)
        const found = yield* Effect.forEach(sessions, ({ id, userId }) => cache.get(id, routingTag(userId), now), {
          concurrency: "unbounded"
        })
        assert.isTrue(found.every(Option.isNone))
        const named = sessions.map(({ id, userId }) => ({ sessionId: id, userId }))
        yield* Effect.repeat(Effect.result(cache.unfenced(named, now)), Schedule.recurs(9))
        const last = yield* session
        yield* Effect.forEach(nodes, ({ kill }) => kill)
        const early = yield* cacheOver(nodes, { startTimeout: "100 millis" })
        const asking = yield* Effect.forkChild(
          Effect.repeat(early.get(last.id, routingTag(last.userId), now), Schedule.spaced("5 millis"))
        )
        yield* nodes[0]!.restart
        yield* Effect.sleep("1 second")
        assert.isUndefined(asking.pollUnsafe())
        assert.deepStrictEqual(errors, [])
      }), 60_000)
  })
})
