/** How the command fails: one line on standard error that says what to do, and an exit code. Never a stack trace. */
import { SessionNotFound, UserNotFound } from "@sojourn/core"
import { Cause, Config, Console, Data, Effect, Runtime } from "effect"
import { CliError } from "effect/cli"

/** Any text in one line of at most 500 characters, without what could rewrite a terminal and without tokens. */
export const oneLine = (text: string): string => {
  const line = text.slice(0, 2000).replace(/[\p{Cc}\p{Cs}\s]+/gu, " ").replace(/sjn1_[\w.-]*/g, "sjn1_…").trim()
  return line.length > 500 ? `${line.slice(0, 499)}…` : line
}

/** The end of a run that failed. What there is to say about it has been printed. */
export class Failed extends Data.TaggedError("Failed")<{ readonly exitCode: number }> {
  override readonly [Runtime.errorExitCode] = this.exitCode
  override readonly [Runtime.errorReported] = false
}

/** The command was used wrongly in a way that its flags alone do not show. */
export const misuse = (command: ReadonlyArray<string>, message: string) =>
  Effect.fail(
    new CliError.ShowHelp({
      commandPath: ["sojourn", ...command],
      errors: [new CliError.ValidationError({ message })]
    })
  )

/** 2 when the command was used wrongly, 1 when a value was refused, 0 when help was all that was asked for. */
const helpExitCode = ({ errors }: CliError.ShowHelp) =>
  errors.length === 0 ? 0 : errors.some(({ _tag }) => _tag !== "UserError") ? 2 : 1

const messageOf = (error: unknown) => error instanceof Error && error.message !== "" ? error.message : String(error)

/** What to say of a bug. */
export const describeDefect = (defect: unknown): string =>
  `This is a defect of sojourn, please report it: ${messageOf(defect)}`

const describe = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  if (error instanceof UserNotFound) return `No user with the id "${error.userId}"; add them with "sojourn users put"`
  if (error instanceof SessionNotFound) return `${error.message}; "sojourn list <user-id> --all" shows a user's`
  if (error instanceof Config.ConfigError) return `A variable cannot be used: ${error.cause.message}`
  return Cause.hasFails(cause) ? messageOf(error) : describeDefect(error)
}

/** Prints what went wrong, unless that has been done. An interruption goes on as it is. */
export const report = (cause: Cause.Cause<unknown>): Effect.Effect<void, Failed> => {
  const error = Cause.squash(cause)
  if (error instanceof Failed) return Effect.fail(error)
  if (CliError.isCliError(error) && error._tag === "ShowHelp") {
    const exitCode = helpExitCode(error)
    return exitCode === 0 ? Effect.void : Effect.fail(new Failed({ exitCode }))
  }
  if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
  return Effect.andThen(Console.error(`sojourn: ${oneLine(describe(cause))}`), Effect.fail(new Failed({ exitCode: 1 })))
}
