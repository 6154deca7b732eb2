/** Flags and arguments that several commands understand. */
import { SessionId, UserId } from "@sojourn/core"
import { Config, Effect, Option, Redacted, Schema } from "effect"
import { Argument, CliError, Flag, GlobalFlag } from "effect/cli"
import { oneLine } from "./failure.ts"

/** A flag that is given or not. */
export const switchFlag = (name: string, description: string): Flag.Flag<boolean> =>
  Flag.Boolean(name).pipe(Flag.withoutNegation, Flag.withDefault(false), Flag.withDescription(description))

/** Whether to print one JSON document instead of text for people. */
export const Json = GlobalFlag.Setting("json")({
  flag: switchFlag("json", "Print JSON instead of text for people")
})

/** A value, and who gave it: a flag wins over the variables, also over those of other flags. */
export interface Given<A> {
  readonly value: A
  readonly by: "flag" | "variable"
}

/**
 * A flag that a variable stands in for. A variable that is empty counts as not given. A flag that is empty means none where
 * there may be none; elsewhere it is refused: most likely it was to be something, and another database would be used.
 */
const given = <A>(
  flag: Flag.Flag<A>,
  variable: Config.Config<A>,
  isEmpty: (value: A) => boolean,
  maybeNone: boolean
) =>
  flag.pipe(
    Flag.filter((value) => maybeNone || !isEmpty(value), () => "a value that is not empty, or no such flag"),
    Flag.map((value): Given<A> => ({ value, by: "flag" })),
    Flag.withFallbackConfig(Config.map(variable, (value): Given<A> => ({ value, by: "variable" }))),
    Flag.optional,
    Flag.map(Option.filter(({ value }) => !isEmpty(value)))
  )

const url = (flag: string, variable: string, maybeNone: boolean, description: string) =>
  given(Flag.Redacted(flag), Config.Redacted(variable), (url) => Redacted.value(url) === "", maybeNone).pipe(
    Flag.withMetavar("url"),
    Flag.withDescription(`${description} [${variable}]`)
  )

/** The PostgreSQL server; none: the embedded database. */
export const DatabaseUrl = GlobalFlag.Setting("database-url")({
  flag: url("database-url", "DATABASE_URL", false, "PostgreSQL server; without one, an embedded database is used")
})

/** The Redis server that makes sessions on a PostgreSQL server fast. */
export const RedisUrl = GlobalFlag.Setting("redis-url")({
  flag: url("redis-url", "REDIS_URL", true, "Redis server, next to a PostgreSQL server")
})

/** Where the embedded database keeps its files; none: in the user's data directory. */
export const DataDir = GlobalFlag.Setting("data-dir")({
  flag: given(Flag.String("data-dir"), Config.String("SOJOURN_DATA_DIR"), (directory) => directory === "", false).pipe(
    Flag.withMetavar("directory"),
    Flag.withDescription("Directory of the embedded database, by default the user's data directory [SOJOURN_DATA_DIR]")
  )
})

export const globalFlags = [Json, DatabaseUrl, RedisUrl, DataDir] as const

const decodeUserId = Schema.decodeUnknownEffect(UserId)

/** In the place of bytes that are no UTF-8: ids that differ in these would be one. */
const replacement = "\ufffd"

const noUserId = (why: string) => new CliError.UserError({ cause: `This cannot be a user id: ${why}` })

/** An id that cannot be one is a failure (exit code 1), not a wrong use of the command. */
export const parseUserId = (text: string) =>
  text.includes(replacement)
    ? Effect.fail(noUserId("it is no UTF-8"))
    : Effect.mapError(decodeUserId(text), ({ message }) => noUserId(oneLine(message)))

export const userId = Argument.String("user-id").pipe(
  Argument.withDescription("The application's own id of the user"),
  Argument.mapEffect(parseUserId)
)

const decodeSessionId = Schema.decodeUnknownEffect(SessionId)

/** The text is not repeated: it may be a token. */
export const parseSessionId = (text: string) =>
  Effect.mapError(
    decodeSessionId(text),
    () =>
      new CliError.UserError({
        cause: "This cannot be a session id, which is a lower-case UUID of version 7; see \"sojourn list --help\""
      })
  )

export const sessionId = Argument.String("session-id").pipe(
  Argument.withDescription("The id of a session, as lists show it"),
  Argument.mapEffect(parseSessionId)
)

/** A flag whose value a schema reads; `expected` says in words what that is. */
export const decodedFlag = <A>(name: string, schema: Schema.Codec<A, string>, expected: string): Flag.Flag<A> => {
  const decode = Schema.decodeUnknownEffect(schema)
  return Flag.String(name).pipe(
    Flag.mapEffect((value) =>
      Effect.mapError(
        decode(value),
        () => new CliError.InvalidValue({ option: name, value: oneLine(value).slice(0, 80), expected, kind: "flag" })
      )
    )
  )
}

/** Digits and nothing else: what JavaScript takes for a number may also be empty, or in hexadecimal. */
export const WholeNumber = Schema.String.check(Schema.isPattern(/^\d{1,16}$/)).pipe(
  Schema.decodeTo(Schema.FiniteFromString)
)

/** A flag whose value is a whole number from `minimum` to `maximum`. */
export const countFlag = (name: string, minimum: number, maximum: number) =>
  decodedFlag(
    name,
    WholeNumber.check(Schema.isBetween({ minimum, maximum })),
    `a whole number from ${minimum} to ${maximum}`
  )
