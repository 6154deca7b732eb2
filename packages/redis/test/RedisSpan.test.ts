import { assert, describe, it } from "@effect/vitest"
import { RedisFailure } from "@sojourn/redis/RedisFailure"
import * as RedisSpan from "@sojourn/redis/RedisSpan"
import { Effect, Option, Tracer } from "effect"
import { Cluster, Redis, type RedisOptions } from "ioredis"
import { recordingTracer } from "../../testing/test/tracer.ts"

const traced = (client: Redis | Cluster, call: Effect.Effect<unknown, RedisFailure>, script?: string) =>
  Effect.gen(function*() {
    const { spans, tracer } = recordingTracer()
    const command = Effect.exit(RedisSpan.make(client)("EVALSHA", script)(call))
    yield* command.pipe(Effect.provideService(Tracer.Tracer, tracer))
    assert.deepStrictEqual(spans, [], "no span of its own")
    yield* command.pipe(Effect.withSpan("around"), Effect.provideService(Tracer.Tracer, tracer))
    const { attributes, kind, name } = spans[1]!
    return { name, kind, attributes: Object.fromEntries(attributes) }
  })

const server = (options: RedisOptions) => new Redis({ ...options, replyMapping: "legacy", lazyConnect: true })

describe("RedisSpan", () => {
  it.effect("names the command, the script and the server", () =>
    Effect.gen(function*() {
      const span = yield* traced(server({ host: "cache", port: 6380, db: 2, password: "hush" }), Effect.void, "put")
      assert.deepStrictEqual(span, {
        name: "EVALSHA put",
        kind: "client",
        attributes: {
          "db.system.name": "redis",
          "db.namespace": "2",
          "db.operation.name": "EVALSHA",
          "db.stored_procedure.name": "put",
          "server.address": "cache",
          "server.port": 6380
        }
      })
    }))

  it.effect("a command for several callers is in the first one's trace, linked to the others'", () =>
    Effect.gen(function*() {
      const [first, second, third] = yield* Effect.all([
        Effect.makeSpan("first"),
        Effect.makeSpan("second"),
        Effect.makeSpan("third")
      ])
      const { spans, tracer } = recordingTracer()
      const put = RedisSpan.make(server({}))("EVALSHA", "put")
      yield* put(Effect.void, [first, second, third]).pipe(Effect.provideService(Tracer.Tracer, tracer))
      yield* put(Effect.void, []).pipe(Effect.withSpan("not this one"))
      assert.lengthOf(spans, 1)
      assert.deepStrictEqual(spans[0]!.parent, Option.some(first))
      assert.deepStrictEqual(spans[0]!.links.map(({ span }) => span), [second, third])
      assert.strictEqual(spans[0]!.attributes.get("db.operation.batch.size"), 3)
    }))

  it.effect("a failure names its kind", () =>
    Effect.gen(function*() {
      const failure = Effect.fail(new RedisFailure({ message: "away" }))
      const { attributes, name } = yield* traced(server({}), failure)
      assert.strictEqual(name, "EVALSHA")
      assert.deepInclude(attributes, { "error.type": "RedisFailure", "server.address": "localhost" })
    }))

  it.effect("a socket is an address without a port; Sentinel and Cluster have none beforehand", () =>
    Effect.gen(function*() {
      const socket = yield* traced(server({ path: "/run/redis.sock" }), Effect.void)
      assert.deepInclude(socket.attributes, { "server.address": "/run/redis.sock" })
      assert.notProperty(socket.attributes, "server.port")
      const sentinel = server({ sentinels: [{ host: "a", port: 26379 }], name: "m" })
      const cluster = new Cluster([{ host: "a", port: 7000 }], { lazyConnect: true })
      for (const client of [sentinel, cluster]) {
        const { attributes } = yield* traced(client, Effect.void)
        assert.deepStrictEqual(attributes, { "db.system.name": "redis", "db.operation.name": "EVALSHA" })
      }
    }))
})
