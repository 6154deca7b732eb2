/** What is read from the configuration where the application says nothing. The command line loads it at its start. */
import { Config, Effect, Option, Redacted, Schema } from "effect"
import type { CommonOptions, Options } from "./Options.ts"

/** Whether a pooler such as PgBouncer stands before the database. */
export const databasePooled = Config.withDefault(Config.Boolean("SOJOURN_DATABASE_POOLED"), false)

/** The PostgreSQL schema of Sojourn's tables. */
export const schema = Config.withDefault(Config.String("SOJOURN_SCHEMA"), "sojourn")

/** Braces would tell a cluster where a key lives. */
const Prefix = Schema.String.check(Schema.isPattern(/^[^{}]*$/, { expected: "a prefix without braces" }))

/** What all keys in Redis begin with. */
export const redisPrefix = Config.withDefault(Config.schema(Prefix, "SOJOURN_REDIS_PREFIX"), "sojourn")

/** One that the application gives is held to the same. */
const prefixOf = ({ redisPrefix: given }: Options<unknown>) =>
  given === undefined
    ? redisPrefix
    : Effect.mapError(Schema.decodeEffect(Prefix)(given), (error) => new Config.ConfigError(error))

const orConfig = <A>(given: A | undefined, config: Config.Config<A>): Config.Config<A> =>
  given === undefined ? config : Config.succeed(given)

/** Where the database is, for an application that gives none; no URL: nothing tells. */
export const databaseSettings = (options: Options<unknown>) =>
  Config.all({
    url: Config.option(orConfig(options.databaseUrl, Config.Redacted("DATABASE_URL"))),
    pooled: orConfig(options.databasePooled, databasePooled)
  })

/** Of the Layer for production. */
export const settings = Effect.fnUntraced(function*(options: Options<unknown>) {
  const redisUrl = yield* orConfig(options.redisUrl, Config.withDefault(Config.Redacted("REDIS_URL"), "none" as const))
  return {
    redisUrl: redisUrl === "none" || Redacted.value(redisUrl) === "" ? Option.none() : Option.some(redisUrl),
    prefix: yield* prefixOf(options),
    schema: yield* orConfig(options.schema, schema),
    migrate: yield* orConfig(options.migrate, Config.withDefault(Config.Boolean("SOJOURN_MIGRATE"), false))
  }
})

/** Where places come from: `default`, `disabled` or a path. */
export const locationDatabaseSetting = Config.withDefault(Config.String("SOJOURN_LOCATION_DATABASE"), "default")

export const locationDatabase = (options: CommonOptions<unknown>) =>
  orConfig(options.locationDatabase, locationDatabaseSetting)
