/** The servers that tests use. See CONTRIBUTING.md for where they come from. */
import { PgClient } from "@effect/sql-pg"
import { describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { Redis } from "ioredis"
import { randomUUID } from "node:crypto"
import { inject } from "vitest"
import { inRealTime } from "./serversProcess.ts"

export { type PostgresServer, startPostgresServer } from "./serversPostgres.ts"
export { freePort, ServerFailed, ServerMissing } from "./serversProcess.ts"
export { type RedisServer, startRedisServer } from "./serversRedis.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** A database in which databases may be created. */
    readonly postgresUrl: string
    /** Absent when there is no Redis; `describeRedis` skips then. */
    readonly redisUrl: string | undefined
  }
}

export const postgresUrl = inject("postgresUrl")
export const redisUrl = inject("redisUrl")

const random = () => randomUUID().replaceAll("-", "")

const administer = (use: (sql: PgClient.PgClient) => Effect.Effect<unknown, unknown>) =>
  PgClient.makeClient({ url: Redacted.make(postgresUrl) }).pipe(
    Effect.flatMap(use),
    Effect.scoped,
    Effect.provide(Reactivity.layer),
    inRealTime,
    Effect.orDie
  )

/** The URL of an empty database, which is dropped when the scope closes, whoever is still connected. */
export const freshDatabase = Effect.acquireRelease(
  Effect.suspend(() => {
    const name = `sojourn_test_${random()}`
    return Effect.as(administer((sql) => sql`CREATE DATABASE ${sql(name)} TEMPLATE template0`), name)
  }),
  (name) => administer((sql) => sql`DROP DATABASE ${sql(name)} WITH (FORCE)`)
).pipe(Effect.map((name) => {
  const url = new URL(postgresUrl)
  url.pathname = name
  return Redacted.make(url.href)
}))

const removeKeys = async (prefix: string) => {
  const client = new Redis(redisUrl ?? "")
  for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 })) {
    if (keys.length > 0) await client.unlink(keys)
  }
  client.disconnect()
}

/** A prefix for keys, all of which are removed when the scope closes. For tests inside `describeRedis`. */
export const freshRedisPrefix = Effect.acquireRelease(
  Effect.sync(() => `sojourn-test:${random()}:`),
  (prefix) => Effect.promise(() => removeKeys(prefix))
)

const noRedis = "there is no Redis: set TEST_REDIS_URL, or put redis-server on the PATH"

/** `describe` for tests that need Redis. Without one they are skipped, and in CI they fail. */
export const describeRedis = (name: string, tests: () => void) =>
  redisUrl !== undefined
    ? describe(name, tests)
    : process.env["CI"] === "true"
    ? it(name, () => {
      throw new Error(`Not tested, as ${noRedis}`)
    })
    : describe.skip(`${name} (${noRedis})`, tests)
