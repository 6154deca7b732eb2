/** The cache over a server, with what tests look at: its keys and an ioredis client of their own. */
import { describe } from "@effect/vitest"
import { SessionCache, StalenessBound } from "@sojourn/core"
import { RedisClient, SessionCacheRedis } from "@sojourn/redis"
import { Context, type Duration, Effect, Layer, Logger, Redacted } from "effect"
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

/** Collects what is logged, as `LEVEL message`, and prints nothing. */
export const capturedLogs = () => {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    lines.push(`${logLevel.toUpperCase()} ${[message].flat().join(" ")}`)
  })
  return { lines, layer: Logger.layer([logger]) }
}
