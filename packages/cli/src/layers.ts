/** Where the commands find their data: a PostgreSQL server, or an embedded database in a directory. */
import type { Database } from "@sojourn/postgres"
import { Data, Effect, FileSystem, Layer, Option, Path } from "effect"
import { UserDirectories } from "effect/persistence"
import { databasePooled, schema } from "sojourn/Settings"
import { misuse } from "./failure.ts"
import { DatabaseUrl, DataDir, type Given, RedisUrl } from "./options.ts"

/** There is no place to keep an embedded database in. */
export class NoDataDirectory extends Data.TaggedError("NoDataDirectory") {
  override readonly message = "There is no home directory to keep the data in; give --data-dir or --database-url"
}

const isFlag = Option.exists<Given<unknown>>(({ by }) => by === "flag")

/** The server's URL; or none and the directory of the embedded database: as given, else `sojourn` in the user's data directory. */
export const database = Effect.gen(function*() {
  const url = yield* DatabaseUrl
  const directory = yield* DataDir
  if (isFlag(url) && isFlag(directory)) return yield* misuse([], "Give --database-url or --data-dir, not both")
  if (Option.isSome(url) && !isFlag(directory)) return { url: url.value.value }
  return {
    directory: Option.isSome(directory)
      ? directory.value.value
      : yield* Effect.mapError(UserDirectories.make().data("sojourn"), () => new NoDataDirectory())
  }
})

/** For those who look without leaving a trace: whether there is an embedded database in the directory. */
export const isMade = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return yield* fs.exists(path.join(directory, "PG_VERSION"))
})

/** The server alone, with nothing over it, as the configuration has it. */
export const server = Effect.fnUntraced(function*(
  url: Database.Options["url"],
  options: Pick<Database.Options, "statementTimeout"> = {}
) {
  const { Database, DatabaseSchema } = yield* Effect.promise(() => import("@sojourn/postgres"))
  return Layer.merge(
    Database.layer({ url, pooled: yield* databasePooled, ...options }),
    Layer.succeed(DatabaseSchema, yield* schema)
  )
})

/**
 * Everything that the handlers ask for. A server is never migrated by the way, an embedded database always is. Nothing
 * is swept or repaired by the way either: a command is over too soon for that.
 *
 * The parts are loaded when a command needs them, so that help and wrong usage cost nothing.
 */
export const services = Layer.unwrap(Effect.gen(function*() {
  const { directory, url } = yield* database
  const redis = yield* RedisUrl
  const { Sojourn } = yield* Effect.promise(() => import("sojourn"))
  return url === undefined
    ? Sojourn.layerEmbedded({ dataDir: directory, sweepEvery: "never" })
    : Sojourn.layer({
      databaseUrl: url,
      redisUrl: Option.isSome(redis) ? redis.value.value : "none",
      migrate: false,
      sweepEvery: "never",
      cacheRepair: false
    })
}))
