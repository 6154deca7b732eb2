/** The cache over a server, with what tests look at: its keys and an ioredis client of their own. */
import { assert, describe } from "@effect/vitest"
import { SessionCache, StalenessBound } from "@sojourn/core"
import { RedisClient, SessionCacheRedis } from "@sojourn/redis"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { Context, Duration, Effect, Fiber, Layer, Logger, Redacted } from "effect"
import { Redis } from "ioredis"
import { spawnSync } from "node:child_process"

export interface Options extends SessionCacheRedis.Options {
  readonly stalenessBound?: Duration.Duration
  readonly client?: RedisClient.ServerOptions
}

/** A cache that lives as long as the scope. */
export const cacheOver = (url: string, { client, stalenessBound, ...options }: Options = {}) =>
  Layer.build(
    SessionCacheRedis.layer(options).pipe(
      Layer.provide(RedisClient.layerUrl(Redacted.make(url), client)),
      Layer.provide(stalenessBound === undefined ? Layer.empty : Layer.succeed(StalenessBound, stalenessBound))
    )
  ).pipe(Effect.map(Context.get(SessionCache)))

/** A session of a user of its own, which nobody has put anywhere yet. */
export const session = Effect.gen(function*() {
  const [id, userId] = [yield* Fixtures.freshSessionId, yield* Fixtures.freshUserId]
  return Fixtures.cachedSession({ id, userId })
})

/** What Redis says to a client of this Layer. */
export const ping = <E>(layer: Layer.Layer<RedisClient.RedisClient, E>) =>
  Effect.scoped(
    Effect.flatMap(Layer.build(layer), (context) =>
      Effect.promise(() => Context.get(context, RedisClient.RedisClient).ping()))
  )

/** A client that shows what is in Redis. */
export const inspect = (url: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const client = new Redis(url)
      client.on("error", () => {})
      return client
    }),
    (client) => Effect.sync(() => client.disconnect())
  )

const hasServer = spawnSync("redis-server", ["--version"]).status === 0

/** `describe` for tests that start servers of their own. Where none is on the PATH they are skipped, and in CI fail. */
export const describeServer = describe.skipIf(!hasServer && process.env["CI"] !== "true")

/** So long before the bound a timer ends that tells how busy the machine is. */
const slack = 300

/**
 * How long it took, which must be less than `most` milliseconds, and what it gave. Where a timer of this process that began
 * with it is late, it may be as late.
 */
export const timedUnder = Effect.fnUntraced(function*<A, E, R>(most: number, effect: Effect.Effect<A, E, R>) {
  const timer = yield* Effect.forkChild(Effect.timed(Effect.sleep(most - slack)), { startImmediately: true })
  const timed = yield* Effect.timed(effect)
  const took = Duration.toMillis(timed[0])
  if (took >= most) assert.isBelow(took, Duration.toMillis((yield* Fiber.join(timer))[0]) + slack)
  return timed
})

/** Collects what is logged, as `LEVEL message`, and prints nothing. */
export const capturedLogs = () => {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    lines.push(`${logLevel.toUpperCase()} ${[message].flat().join(" ")}`)
  })
  return { lines, layer: Logger.layer([logger]) }
}
