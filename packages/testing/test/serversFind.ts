/** The PostgreSQL and the Redis that a test run uses: given ones, else local ones, else its own. */
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Option, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { Redis } from "ioredis"
import { startPostgresServer } from "./serversPostgres.ts"
import { ServerFailed } from "./serversProcess.ts"
import { startRedisServer } from "./serversRedis.ts"

const localPostgres = "postgres://postgres@127.0.0.1:5432/postgres"
const localRedis = "redis://127.0.0.1:6379"

/** `SOJOURN_TEST_IGNORE_LOCAL=1` leaves the servers on the standard ports alone. */
const ignoreLocal = Config.Boolean("SOJOURN_TEST_IGNORE_LOCAL").pipe(Config.withDefault(false))

const checkPostgres = (url: string) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.makeClient({ url: Redacted.make(url), connectTimeout: "2 seconds" })
    const [row] = yield* sql<{ readonly suitable: boolean }>`
      SELECT (rolsuper OR rolcreatedb) AND current_setting('server_version_num')::int >= 140000 AS suitable
      FROM pg_roles WHERE rolname = current_user`
    if (row?.suitable !== true) {
      return yield* new ServerFailed({ message: "PostgreSQL is older than 14, or the user may not create databases" })
    }
  }).pipe(Effect.scoped, Effect.provide(Reactivity.layer))

const checkRedis = (url: string) =>
  Effect.acquireUseRelease(
    Effect.sync(() => new Redis(url, { lazyConnect: true, connectTimeout: 2000, retryStrategy: () => null })),
    (client) => {
      // a refused connection is told by `connect`, too
      client.on("error", () => {})
      return Effect.tryPromise({
        try: () => client.connect().then(() => client.ping()),
        catch: (cause) => new ServerFailed({ message: `Redis does not answer: ${cause}` })
      })
    },
    (client) => Effect.sync(() => client.disconnect())
  )

const unreachable = (variable: string) => (cause: Error) =>
  new ServerFailed({ message: `The server that ${variable} names cannot be used: ${cause.message}` })

/** `TEST_DATABASE_URL`, else the server on 127.0.0.1:5432, else one of our own as long as the scope lives. */
export const findPostgres = Effect.gen(function*() {
  const given = yield* Config.option(Config.String("TEST_DATABASE_URL"))
  if (Option.isSome(given)) {
    yield* Effect.mapError(checkPostgres(given.value), unreachable("TEST_DATABASE_URL"))
    return given.value
  }
  const isLocal = !(yield* ignoreLocal) && (yield* Effect.isSuccess(checkPostgres(localPostgres)))
  return isLocal ? localPostgres : (yield* startPostgresServer({ programs: "embedded" })).url
})

/** `TEST_REDIS_URL`, else the server on 127.0.0.1:6379, else one of our own; none without `redis-server`. */
export const findRedis = Effect.gen(function*() {
  const given = yield* Config.option(Config.String("TEST_REDIS_URL"))
  if (Option.isSome(given)) {
    yield* Effect.mapError(checkRedis(given.value), unreachable("TEST_REDIS_URL"))
    return given
  }
  const isLocal = !(yield* ignoreLocal) && (yield* Effect.isSuccess(checkRedis(localRedis)))
  if (isLocal) return Option.some(localRedis)
  return yield* startRedisServer().pipe(
    Effect.map((server) => Option.some(server.url)),
    Effect.catchTag("ServerMissing", () => Effect.succeedNone)
  )
})
