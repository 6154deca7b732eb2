/** What the command writes besides results: help, usage errors and log lines. */
import { Cause, Console, Layer, Logger } from "effect"
import { type CliError, CliOutput } from "effect/cli"
import { oneLine } from "./failure.ts"

const usage = (commandPath: ReadonlyArray<string>) => `see "${commandPath.join(" ")} --help"`

/** An argument of `validate` is a token in the wrong place, whatever it looks like, and is not repeated. */
const describe = (commandPath: ReadonlyArray<string>) => (error: CliError.CliError): string =>
  error._tag === "UnexpectedArgument" && commandPath.at(-1) === "validate"
    ? "The token goes to standard input, never into the arguments, where others can see it"
    : oneLine(error.message)

/** Help as usual; a wrong use is one line on standard error instead of the whole help. */
const presenter: CliOutput.Presenter = {
  present: (event) => {
    if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event)
    const what = [...new Set(event.errors.map(describe(event.commandPath)))].join("; ")
    const isUsage = event.errors.some(({ _tag }) => _tag !== "UserError")
    return Console.error(`sojourn: ${what}${isUsage ? `; ${usage(event.commandPath)}` : ""}`)
  }
}

/** One line on standard error, so that standard output holds the result only. */
const logger = Logger.withConsoleError(Logger.make<unknown, string>(({ cause, logLevel, message }) => {
  const parts = [message].flat().map(String)
  const because = cause.reasons.length === 0 ? [] : [String(Cause.squash(cause))]
  return `sojourn: ${logLevel.toLowerCase()}: ${oneLine([...parts, ...because].join(": "))}`
}))

export const layer = Layer.mergeAll(CliOutput.layerPresenter(presenter), Logger.layer([logger]))
