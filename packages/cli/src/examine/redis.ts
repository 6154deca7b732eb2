/** Examines Redis: whether it answers, and whether it takes what the session cache does. */
import { Effect, type Redacted } from "effect"
import { type Finding, found } from "./Finding.ts"

/** A key that is gone in a second, by a script: what the README's permissions allow. */
const writes = "redis.call('SET', KEYS[1], '1', 'PX', 1000)"

const patience = 3000

const version = Effect.fnUntraced(function*(url: Redacted.Redacted<string>, prefix: string) {
  const { RedisClient } = yield* Effect.promise(() => import("@sojourn/redis"))
  const { bounded } = yield* Effect.promise(() => import("@sojourn/redis/RedisCall"))
  const use = RedisClient.RedisClient.use((client) =>
    bounded(patience, () => client.eval(writes, 1, `${prefix}:doctor`)).pipe(
      Effect.andThen(bounded(patience, () => client.info("server")))
    )
  )
  const info = yield* Effect.provide(use, RedisClient.layerUrl(url, { required: true }))
  return /^redis_version:(\S+)/m.exec(info)?.[1] ?? "of an unknown version"
})

export const examineRedis = (url: Redacted.Redacted<string>, prefix: string): Effect.Effect<Finding> =>
  Effect.match(version(url, prefix), {
    onFailure: ({ message }) => found("redis", "failed", `${message}; until then PostgreSQL is asked instead`),
    onSuccess: (version) => found("redis", "ok", `Redis ${version} answers, and takes what is cached`)
  })
