/** Sojourn, composed: one Layer for production, one that needs no server. */
import {
  ActivityWriter,
  type CredentialRepo,
  type DeviceEnricher,
  type EventBus,
  EventBusInProcess,
  type EventLog,
  FrontCache,
  layerCacheRepair,
  layerSweeper,
  type LocationEnricher,
  RelayName,
  type RelayRepo,
  type SessionCache,
  SessionCacheInProcess,
  SessionLookup,
  type SessionRepo,
  type UserRepo
} from "@sojourn/core"
import { DeviceEnricherUaParser } from "@sojourn/enrich"
import {
  CredentialRepoPostgres,
  Database,
  DatabaseError,
  DatabaseSchema,
  EmbeddedDatabase,
  EventLogPostgres,
  Migrations,
  RelayRepoPostgres,
  SessionRepoPostgres,
  UserRepoPostgres
} from "@sojourn/postgres"
import { CacheInvalidationsRedis, RedisClient, SessionCacheRedis } from "@sojourn/redis"
import { type Config, Effect, Layer, Option, type Redacted } from "effect"
import type { Digest, SecureRandom } from "effect/crypto"
import type { SqlClient } from "effect/sql"
import * as DigestOneShot from "./DigestOneShot.ts"
import * as Locations from "./Locations.ts"
import type { CommonOptions, EmbeddedOptions, Options } from "./Options.ts"
import * as SecureRandomPooled from "./SecureRandomPooled.ts"
import { databaseSettings, locationDatabase, settings } from "./Settings.ts"

export type { CommonOptions, EmbeddedOptions, Options }

/** Everything that the handlers ask for. */
export type Services =
  | SessionRepo
  | CredentialRepo
  | SessionLookup
  | ActivityWriter
  | UserRepo
  | EventLog
  | RelayRepo
  | SessionCache
  | EventBus
  | DeviceEnricher
  | LocationEnricher
  | SecureRandom.SecureRandom
  | Digest.Digest

// `fresh`, as Effect builds a Layer that is a constant once for all that is provided together: a second Sojourn, over another
// database or schema, would be given the stores of the first.

const stores = (admissions?: SessionRepoPostgres.Options) =>
  Layer.mergeAll(
    SessionRepoPostgres.layer(admissions),
    Layer.fresh(CredentialRepoPostgres.layer),
    Layer.fresh(UserRepoPostgres.layer),
    Layer.fresh(EventLogPostgres.layer),
    Layer.fresh(RelayRepoPostgres.layer)
  )

const around = <E>(options: CommonOptions<E>) =>
  Layer.mergeAll(
    options.deviceEnricher ?? DeviceEnricherUaParser.layer(),
    options.locationEnricher ?? Layer.unwrap(Effect.map(locationDatabase(options), Locations.layer)),
    options.eventBus ??
      EventBusInProcess.layer({ capacity: options.eventBusCapacity }),
    SecureRandomPooled.layer,
    DigestOneShot.layer
  )

/** Entries of every process's front cache, kept for seconds, before those in Redis, kept for a minute. */
const redisCache = (url: Redacted.Redacted<string>, prefix: string) =>
  FrontCache.layer().pipe(
    Layer.provide(Layer.mergeAll(SessionCacheRedis.layer({ prefix }), CacheInvalidationsRedis.layer({ prefix }))),
    Layer.provide(RedisClient.layerUrl(url))
  )

/** One relay for each prefix, by which those who repair several Redis servers over one database tell them apart. */
const repair = (prefix: string) =>
  layerCacheRepair(RelayName.make(`cache:${prefix.replaceAll(/[^\w.:-]/g, "-")}`.slice(0, 64)))

/** What needs stores and cache. */
const over = (options: CommonOptions<unknown>) =>
  Layer.mergeAll(
    Layer.fresh(SessionLookup.layer),
    Layer.fresh(ActivityWriter.layer),
    options.sweepEvery === "never" ? Layer.empty : layerSweeper(options.sweepEvery)
  )

const ofSettings = ({ pooled, url }: Effect.Success<ReturnType<typeof databaseSettings>>) =>
  Option.isSome(url) ? Effect.succeed(Database.layer({ url: url.value, pooled })) : Effect.fail(
    new DatabaseError({
      operation: "connect",
      reason: "Unavailable",
      message:
        "There is no database: set DATABASE_URL, give `databaseUrl` or `database`, or use `Sojourn.layerEmbedded`",
      cause: undefined
    })
  )

/** Everything over a database, which is given, too: handlers within its transactions are part of them. */
const overDatabase = <E>(
  database: Layer.Layer<SqlClient.SqlClient, E>,
  migrations: Layer.Layer<never, DatabaseError, SqlClient.SqlClient>,
  admissions?: SessionRepoPostgres.Options
) => stores(admissions).pipe(Layer.provide(migrations), Layer.provideMerge(database))

/**
 * For production: PostgreSQL, Redis, both enrichers and the bus inside the process. The `SqlClient` is there for
 * transactions of the application's own, of which handlers inside them are part.
 *
 * Fails when the database cannot be reached or lacks migrations. Redis may be away: it makes sessions fast, not right.
 */
export const layer = <E = never>(
  options: Options<E> = {}
): Layer.Layer<
  Services | SqlClient.SqlClient,
  E | DatabaseError | RedisClient.RedisClientError | FrontCache.StalenessTooLong | Config.ConfigError
> =>
  Layer.unwrap(Effect.map(settings(options), ({ migrate, prefix, redisUrl, schema }) => {
    const migrations = migrate
      ? Migrations.layer({ limitQuery: options.limitQuery })
      : options.limitQuery === undefined
      ? Layer.fresh(Migrations.layerCheck)
      : Migrations.layerLimit(options.limitQuery)
    const cache = Option.match(redisUrl, {
      onNone: () => SessionCacheInProcess.layer(),
      onSome: (url) => redisCache(url, prefix)
    })
    const repairs = options.cacheRepair !== false && Option.isSome(redisUrl) ? repair(prefix) : Layer.empty
    const database: Layer.Layer<SqlClient.SqlClient, E | DatabaseError | Config.ConfigError> = options.database ??
      Layer.unwrap(Effect.flatMap(databaseSettings(options), ofSettings))
    return Layer.merge(over(options), repairs).pipe(
      Layer.provideMerge(Layer.mergeAll(
        Layer.provide(overDatabase(database, migrations, options.admissions), Layer.succeed(DatabaseSchema, schema)),
        cache,
        around(options)
      ))
    )
  }))

/** For development, tests and one-process applications: PostgreSQL inside the process (PGlite), no server at all. */
export const layerEmbedded = <E = never>(
  options: EmbeddedOptions<E> = {}
): Layer.Layer<Services | SqlClient.SqlClient, E | DatabaseError | Config.ConfigError> => {
  const database: Layer.Layer<SqlClient.SqlClient, E | DatabaseError> = options.database ??
    EmbeddedDatabase.layer({ dataDir: options.dataDir })
  return over(options).pipe(
    Layer.provideMerge(Layer.mergeAll(
      overDatabase(database, Migrations.layer({ limitQuery: options.limitQuery })),
      SessionCacheInProcess.layer(),
      around(options)
    ))
  )
}
