/** What is read from the configuration where the application says nothing. */
import { Config, Option, Redacted, Schema } from "effect"
import type { CommonOptions, Options } from "./Options.ts"

/** Whether a pooler such as PgBouncer stands before the database. */
export const databasePooled = Config.withDefault(Config.Boolean("SOJOURN_DATABASE_POOLED"), false)

/** The PostgreSQL schema of Sojourn's tables. */
export const schema = Config.withDefault(Config.String("SOJOURN_SCHEMA"), "sojourn")

/** What all keys in Redis begin with. Braces would tell a cluster where a key lives. */
export const redisPrefix = Config.withDefault(
  Config.schema(
    Schema.String.check(Schema.isPattern(/^[^{}]*$/, { expected: "a prefix without braces" })),
    "SOJOURN_REDIS_PREFIX"
  ),
  "sojourn"
)

const orConfig = <A>(given: A | undefined, config: Config.Config<A>): Config.Config<A> =>
  given === undefined ? config : Config.succeed(given)

/** Where the database is, for an application that gives none. */
export const databaseSettings = (options: Options<unknown>) =>
  Config.all({
    url: orConfig(options.databaseUrl, Config.Redacted("DATABASE_URL")),
    pooled: orConfig(options.databasePooled, databasePooled)
  })

/** Of the Layer for production. */
export const settings = (options: Options<unknown>) =>
  Config.all({
    redisUrl: Config.map(
      orConfig(options.redisUrl, Config.withDefault(Config.Redacted("REDIS_URL"), "none" as const)),
      (url) => url === "none" || Redacted.value(url) === "" ? Option.none() : Option.some(url)
    ),
    prefix: orConfig(options.redisPrefix, redisPrefix),
    schema: orConfig(options.schema, schema),
    migrate: orConfig(options.migrate, Config.withDefault(Config.Boolean("SOJOURN_MIGRATE"), false))
  })

/** Where places come from. */
export const locationDatabase = (options: CommonOptions<unknown>) =>
  orConfig(options.locationDatabase, Config.withDefault(Config.String("SOJOURN_LOCATION_DATABASE"), "default"))
