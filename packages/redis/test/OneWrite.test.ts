import { assert, it } from "@effect/vitest"
import { routingTag, SessionCache } from "@sojourn/core"
import { RedisClient, SessionCacheRedis } from "@sojourn/redis"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { Context, Effect, Layer, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { Cluster } from "ioredis"
import { startRedisServer } from "../../testing/test/servers.ts"
import { capturedLogs, describeServer, session } from "./Backend.ts"

const { now } = Fixtures

/** The cache, and how often its connection has written to its socket. */
const setup = Effect.gen(function*() {
  const { port } = yield* startRedisServer()
  const context = yield* Layer.build(
    Layer.provideMerge(
      SessionCacheRedis.layer({ timeout: "5 seconds" }),
      RedisClient.layer({ redis: { port }, required: true })
    )
  )
  const client = Context.get(context, RedisClient.RedisClient)
  if (client instanceof Cluster) return yield* Effect.die("not one server")
  const { stream } = client
  let writes = 0
  const { _write, _writev } = stream
  stream._write = (...args) => {
    writes++
    _write.apply(stream, args)
  }
  stream._writev = (...args) => {
    writes++
    _writev!.apply(stream, args)
  }
  const writesOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      writes = 0
      return Effect.map(effect, (result) => ({ result, writes }))
    })
  return { cache: Context.get(context, SessionCache), client, writesOf }
})

it.layer(Layer.merge(SecureRandom.layerWebCrypto, capturedLogs().layer), { excludeTestServices: true })((it) => {
  describeServer("OneWrite", () => {
    it.effect("K5 logins and validations at the same moment leave in one write", () =>
      Effect.gen(function*() {
        const { cache, writesOf } = yield* setup
        const [known, ...sessions] = yield* Effect.replicateEffect(session, 31)
        yield* cache.put(known!, [], now)
        const { result, writes } = yield* writesOf(Effect.all([
          Effect.forEach(sessions, (one) => cache.put(one, [], now), { concurrency: "unbounded", discard: true }),
          Effect.replicateEffect(cache.get(known!.id, routingTag(known!.userId), now), 30, {
            concurrency: "unbounded"
          })
        ], { concurrency: "unbounded" }))
        assert.strictEqual(writes, 1)
        assert.deepStrictEqual(result[1], Array.from({ length: 30 }, () => Option.some(known!)))
        const alone = yield* writesOf(cache.put(known!, [], now))
        assert.strictEqual(alone.writes, 1)
      }))

    it.effect("K27 a connection that is lost fails what was held back, and the next one is used", () =>
      Effect.gen(function*() {
        const { cache, client } = yield* setup
        const one = yield* session
        const lost = yield* Effect.all([
          Effect.flip(cache.put(one, [], now)),
          Effect.sync(() => client.stream.destroy())
        ], { concurrency: "unbounded" })
        assert.match(lost[0].message, /Redis/)
        yield* Effect.eventually(cache.put(one, [], now).pipe(Effect.tapError(() => Effect.sleep("20 millis")))).pipe(
          Effect.timeout("5 seconds")
        )
        assert.deepStrictEqual(yield* cache.get(one.id, routingTag(one.userId), now), Option.some(one))
      }))
  })
})
