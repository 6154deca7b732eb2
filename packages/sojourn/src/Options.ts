/** What the composed Layers may be told. */
import type { DeviceEnricher, EventBus, LocationEnricher } from "@sojourn/core"
import type { SessionRepoPostgres } from "@sojourn/postgres"
import type { Duration, Layer, Redacted } from "effect"
import type { SqlClient } from "effect/sql"

/** What both Layers may be told. `E`: what Layers of the application's own may fail with. */
export interface CommonOptions<E = never> {
  /**
   * The database to use instead of the one that the other options tell of: to share connections with the application, to set
   * them up otherwise, or to make tables of the application's first. Such as `Database.layer`, `EmbeddedDatabase.layer` or a
   * `PgClient.layer`, with what else is to come before. A Layer that the application provides elsewhere, too, is built once.
   */
  readonly database?: Layer.Layer<SqlClient.SqlClient, E> | undefined
  /**
   * Where a user's limit is found, for applications with users of their own: a query with `$1` for the user's id (text)
   * that gives one integer, or null for unlimited. A negative number counts as 0, not as unlimited, and of several rows
   * only the first counts. See `Migrations.Options`. It is kept in the database, for all processes, until another is
   * given; to set it takes the owner of Sojourn's schema. Default: as it was set before, else Sojourn's own tables.
   */
  readonly limitQuery?: string | undefined
  /**
   * Where places come from: the path of an `.mmdb` file with cities or countries, `"default"` for the country data
   * that comes along, or `"disabled"`. Default: `SOJOURN_LOCATION_DATABASE`, else `"default"`.
   */
  readonly locationDatabase?: string | undefined
  /** Where devices come from instead of the user agent read by `ua-parser-js`. */
  readonly deviceEnricher?: Layer.Layer<DeviceEnricher, E> | undefined
  /** Where places come from instead of an `.mmdb` file. */
  readonly locationEnricher?: Layer.Layer<LocationEnricher, E> | undefined
  /** Who is told of events instead of the bus inside the process. */
  readonly eventBus?: Layer.Layer<EventBus, E> | undefined
  /** How many events a subscriber of the bus inside the process may fall behind. Default: 1,024. */
  readonly eventBusCapacity?: number | undefined
  /** How often what is due is ended and what is old deleted, or `"never"`. Default: every 30 seconds. */
  readonly sweepEvery?: Duration.Input | "never" | undefined
}

/** Whatever is not given is read from the configuration. */
export interface Options<E = never> extends CommonOptions<E> {
  /** Default: `DATABASE_URL`, which must be set. Not needed with a `database`. */
  readonly databaseUrl?: Redacted.Redacted<string> | undefined
  /** Whether a pooler such as PgBouncer stands before the database. Default: `SOJOURN_DATABASE_POOLED`, else false. */
  readonly databasePooled?: boolean | undefined
  /**
   * Default: `REDIS_URL`. Without either, or with `"none"`, sessions are cached in this process only, and of several processes
   * the others may accept a session for another `StalenessBound` (55 seconds) after it was ended.
   */
  readonly redisUrl?: Redacted.Redacted<string> | "none" | undefined
  /**
   * What all keys in Redis begin with, without braces. The relay that repairs the cache is told apart by it: servers of several
   * places over one database need prefixes of their own. Default: `SOJOURN_REDIS_PREFIX`, else `sojourn`.
   */
  readonly redisPrefix?: string | undefined
  /** The PostgreSQL schema of Sojourn's tables. Default: `SOJOURN_SCHEMA`, else `sojourn`. */
  readonly schema?: string | undefined
  /** Whether to run missing migrations at the start, instead of failing. Default: `SOJOURN_MIGRATE`, else false. */
  readonly migrate?: boolean | undefined
  /**
   * Whether this process stands by to repeat to Redis the endings that it missed while it was away; of all that do, one
   * does it. Default: true.
   */
  readonly cacheRepair?: boolean | undefined
  /** How logins are batched. See `SessionRepoPostgres.Options`. */
  readonly admissions?: SessionRepoPostgres.Options | undefined
}

/** Of the database inside the process. */
export interface EmbeddedOptions<E = never> extends CommonOptions<E> {
  /** Where the data is kept. Default: in memory, gone with the Layer. */
  readonly dataDir?: string | undefined
}
