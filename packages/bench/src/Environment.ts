/** Finds or starts the servers as the tests do, and removes what a run made. */
import { Effect, Option } from "effect"
import { Redis } from "ioredis"
import { randomUUID } from "node:crypto"
import { Client } from "pg"
import { findPostgres, findRedis } from "../../testing/test/serversFind.ts"
import { ServerMissing } from "../../testing/test/serversProcess.ts"
import type { BenchEnv } from "./Scenario.ts"

const random = () => randomUUID().replaceAll("-", "")

const administer = async (url: string, statements: ReadonlyArray<string>) => {
  const client = new Client({ connectionString: url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

const removeKeys = async (url: string, prefixes: ReadonlyArray<string>) => {
  const client = new Redis(url)
  for (const prefix of prefixes) {
    for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 })) {
      if (keys.length > 0) await client.unlink(keys)
    }
  }
  client.disconnect()
}

const make = (postgresUrl: string, redisUrl: string) => {
  const databases: Array<string> = []
  const prefixes: Array<string> = []
  const env: BenchEnv = {
    postgresUrl,
    redisUrl,
    freshDatabase: async () => {
      const name = `sojourn_bench_${random()}`
      databases.push(name)
      await administer(postgresUrl, [`CREATE DATABASE ${name} TEMPLATE template0`])
      const url = new URL(postgresUrl)
      url.pathname = name
      return url.href
    },
    freshPrefix: () => {
      const prefix = `sojourn-bench:${random()}`
      prefixes.push(prefix)
      return prefix
    }
  }
  const remove = async () => {
    await administer(postgresUrl, databases.map((name) => `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
    await removeKeys(redisUrl, prefixes)
  }
  return { env, remove }
}

/** Runs `use` with servers; databases and keys are removed afterwards, also when it fails or is interrupted. */
export const withEnvironment = Effect.fnUntraced(
  function*(use: (env: BenchEnv) => Promise<void>) {
    const [postgresUrl, redis] = yield* Effect.all([findPostgres, findRedis], { concurrency: 2 })
    if (Option.isNone(redis)) {
      return yield* new ServerMissing({
        message: "There is no Redis: set TEST_REDIS_URL, or put redis-server on the PATH"
      })
    }
    const { env } = yield* Effect.acquireRelease(
      Effect.sync(() => make(postgresUrl, redis.value)),
      ({ remove }) => Effect.promise(remove)
    )
    yield* Effect.promise(() => use(env))
  },
  Effect.scoped
)
