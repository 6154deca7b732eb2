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
  LocationEnricher,
  RelayName,
  type RelayRepo,
  type SessionCache,
  SessionCacheInProcess,
  SessionLookup,
  type SessionRepo,
  type UserRepo
} from "@sojourn/core"
import { DeviceEnricherUaParser, LocationEnricherMaxmind } from "@sojourn/enrich"
import {
  CredentialRepoPostgres,
  Database,
  type DatabaseError,
  DatabaseSchema,
  EmbeddedDatabase,
  EventLogPostgres,
  Migrations,
  RelayRepoPostgres,
  SessionRepoPostgres,
  UserRepoPostgres
} from "@sojourn/postgres"
import { CacheInvalidationsRedis, RedisClient, SessionCacheRedis } from "@sojourn/redis"
import { type Config, type Duration, Effect, Layer, Option, type Redacted } from "effect"
import type { Digest, SecureRandom } from "effect/crypto"
import * as DigestOneShot from "./DigestOneShot.ts"
import * as SecureRandomPooled from "./SecureRandomPooled.ts"
import { locationDatabase, settings } from "./Settings.ts"

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

/** What both Layers may be told. */
export interface CommonOptions {
  /**
   * Where places come from: the path of an `.mmdb` file with cities or countries, `"default"` for the country data
   * that comes along, or `"disabled"`. Default: `SOJOURN_LOCATION_DATABASE`, else `"default"`.
   */
  readonly locationDatabase?: string | undefined
  /** Where devices come from instead of the user agent read by `ua-parser-js`. */
  readonly deviceEnricher?: Layer.Layer<DeviceEnricher> | undefined
  /** Where places come from instead of an `.mmdb` file. */
  readonly locationEnricher?: Layer.Layer<LocationEnricher> | undefined
  /** Who is told of events instead of the bus inside the process. */
  readonly eventBus?: Layer.Layer<EventBus> | undefined
  /** How many events a subscriber of the bus inside the process may fall behind. Default: 1,024. */
  readonly eventBusCapacity?: number | undefined
  /** How often what is due is ended and what is old deleted, or `"never"`. Default: every 30 seconds. */
  readonly sweepEvery?: Duration.Input | "never" | undefined
}

/** Whatever is not given is read from the configuration. */
export interface Options extends CommonOptions {
  /** Default: `DATABASE_URL`, which must be set. */
  readonly databaseUrl?: Redacted.Redacted<string> | undefined
  /** Whether a pooler such as PgBouncer stands before the database. Default: `SOJOURN_DATABASE_POOLED`, else false. */
  readonly databasePooled?: boolean | undefined
  /** Default: `REDIS_URL`. Without either, or with `"none"`, sessions are cached in this process only. */
  readonly redisUrl?: Redacted.Redacted<string> | "none" | undefined
  /** What all keys in Redis begin with. Default: `SOJOURN_REDIS_PREFIX`, else `sojourn`. */
  readonly redisPrefix?: string | undefined
  /** The PostgreSQL schema of Sojourn's tables. Default: `SOJOURN_SCHEMA`, else `sojourn`. */
  readonly schema?: string | undefined
  /** Whether to run missing migrations at the start, instead of failing. Default: `SOJOURN_MIGRATE`, else false. */
  readonly migrate?: boolean | undefined
  /**
   * Where a user's limit is found, for applications with users of their own. See `Migrations.Options`. It is kept in the
   * database, for all processes, until another one is given.
   */
  readonly limitQuery?: string | undefined
  /**
   * Whether this process stands by to repeat to Redis the endings that it missed while it was away; of all that do, one
   * does it. Default: true.
   */
  readonly cacheRepair?: boolean | undefined
  /** How logins are batched. See `SessionRepoPostgres.Options`. */
  readonly admissions?: SessionRepoPostgres.Options | undefined
}

/** Of the database inside the process. */
export interface EmbeddedOptions extends CommonOptions {
  /** Where the data is kept. Default: in memory, gone with the Layer. */
  readonly dataDir?: string | undefined
}

const stores = (admissions?: SessionRepoPostgres.Options) =>
  Layer.mergeAll(
    SessionRepoPostgres.layer(admissions),
    CredentialRepoPostgres.layer,
    UserRepoPostgres.layer,
    EventLogPostgres.layer,
    RelayRepoPostgres.layer
  )

const locations = (path: string) =>
  path === "disabled"
    ? LocationEnricher.layerDisabled
    : path === "default"
    ? LocationEnricherMaxmind.layerDefault
    : LocationEnricherMaxmind.layer({ database: path })

const around = (options: CommonOptions) =>
  Layer.mergeAll(
    options.deviceEnricher ?? DeviceEnricherUaParser.layer(),
    options.locationEnricher ?? Layer.unwrap(Effect.map(locationDatabase(options), locations)),
    options.eventBus ??
      EventBusInProcess.layer(options.eventBusCapacity === undefined ? {} : { capacity: options.eventBusCapacity }),
    SecureRandomPooled.layer,
    DigestOneShot.layer
  )

/** Entries of every process's front cache, kept for seconds, before those in Redis, kept for a minute. */
const redisCache = (url: Redacted.Redacted<string>, prefix: string) =>
  FrontCache.layer().pipe(
    Layer.provide(Layer.mergeAll(SessionCacheRedis.layer({ prefix }), CacheInvalidationsRedis.layer({ prefix }))),
    Layer.provide(RedisClient.layerUrl(url))
  )

/** One relay for each Redis, as the prefix tells them apart. */
const repair = (prefix: string) =>
  layerCacheRepair(RelayName.make(`cache:${prefix.replaceAll(/[^\w.:-]/g, "-")}`.slice(0, 64)))

/** What needs stores and cache. */
const over = (options: CommonOptions) =>
  Layer.mergeAll(
    SessionLookup.layer,
    ActivityWriter.layer,
    options.sweepEvery === "never" ? Layer.empty : layerSweeper(options.sweepEvery)
  )

/**
 * For production: PostgreSQL, Redis, both enrichers and the bus inside the process.
 *
 * Fails when the database cannot be reached or lacks migrations. Redis may be away: it makes sessions fast, not right.
 */
export const layer = (
  options: Options = {}
): Layer.Layer<
  Services,
  DatabaseError | RedisClient.RedisClientError | FrontCache.StalenessTooLong | Config.ConfigError
> =>
  Layer.unwrap(Effect.map(settings(options), ({ databaseUrl, migrate, pooled, prefix, redisUrl, schema }) => {
    const migrations = migrate
      ? Migrations.layer({ limitQuery: options.limitQuery })
      : options.limitQuery === undefined
      ? Migrations.layerCheck
      : Migrations.layerLimit(options.limitQuery)
    const cache = Option.match(redisUrl, {
      onNone: () => SessionCacheInProcess.layer(),
      onSome: (url) => redisCache(url, prefix)
    })
    const repairs = options.cacheRepair !== false && Option.isSome(redisUrl) ? repair(prefix) : Layer.empty
    return Layer.merge(over(options), repairs).pipe(
      Layer.provideMerge(Layer.mergeAll(
        stores(options.admissions).pipe(
          Layer.provide(migrations),
          Layer.provide(Database.layer({ url: databaseUrl, pooled })),
          Layer.provide(Layer.succeed(DatabaseSchema, schema))
        ),
        cache,
        around(options)
      ))
    )
  }))

/** For development, tests and one-process applications: PostgreSQL inside the process (PGlite), no server at all. */
export const layerEmbedded = (
  options: EmbeddedOptions = {}
): Layer.Layer<Services, DatabaseError | Config.ConfigError> =>
  over(options).pipe(
    Layer.provideMerge(Layer.mergeAll(
      stores().pipe(
        Layer.provide(Migrations.layer()),
        Layer.provide(EmbeddedDatabase.layer({ dataDir: options.dataDir }))
      ),
      SessionCacheInProcess.layer(),
      around(options)
    ))
  )
