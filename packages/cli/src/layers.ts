/** Where the commands find their data: a PostgreSQL server, or an embedded database in a directory. */
import { Data, Effect, Layer, Option } from "effect"
import { UserDirectories } from "effect/persistence"
import { DatabaseUrl, DataDir, RedisUrl } from "./options.ts"

/** There is no place to keep an embedded database in. */
export class NoDataDirectory extends Data.TaggedError("NoDataDirectory") {
  override readonly message = "There is no home directory to keep the data in; give --data-dir or --database-url"
}

/** The directory of the embedded database: as given, else `sojourn` in the user's data directory. */
export const dataDirectory = Effect.gen(function*() {
  const given = yield* DataDir
  if (Option.isSome(given)) return given.value
  return yield* Effect.mapError(UserDirectories.make().data("sojourn"), () => new NoDataDirectory())
})

/**
 * Everything that the handlers ask for. A server is never migrated by the way, an embedded database always is. Nothing
 * is swept or repaired by the way either: a command is over too soon for that.
 *
 * The parts are loaded when a command needs them, so that help and wrong usage cost nothing.
 */
export const services = Layer.unwrap(Effect.gen(function*() {
  const databaseUrl = yield* DatabaseUrl
  const redisUrl = yield* RedisUrl
  const { Sojourn } = yield* Effect.promise(() => import("sojourn"))
  return Option.isSome(databaseUrl)
    ? Sojourn.layer({
      databaseUrl: databaseUrl.value,
      redisUrl: Option.getOrUndefined(redisUrl),
      migrate: false,
      sweepEvery: "never",
      cacheRepair: false
    })
    : Sojourn.layerEmbedded({ dataDir: yield* dataDirectory, sweepEvery: "never" })
}))
