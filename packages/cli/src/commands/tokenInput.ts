/** Where the token of `sojourn validate` comes from: standard input, or a hidden prompt when that is a terminal. */
import { Context, Data, Effect, Option, Redacted, Stdio, Stream, Terminal } from "effect"
import { Prompt } from "effect/cli"
import { oneLine } from "../failure.ts"
import { lines } from "../ndjson.ts"

/** The token that is to be looked at, as it was given: it may be garbage. */
export class PresentedToken
  extends Context.Service<PresentedToken, Redacted.Redacted<string>>()("@sojourn/cli/PresentedToken")
{}

/** Standard input cannot be read. */
export class TokenUnreadable extends Data.TaggedError("TokenUnreadable")<{ readonly message: string }> {}

/** Far more than a token has; nothing after it is read. */
const maxBytes = 1024

const label = "SessionToken"

/** The first line, as far as a token may reach; empty if there is none or it is too long. */
const fromInput = Effect.gen(function*() {
  const { stdin } = yield* Stdio.Stdio
  let size = 0
  const line = yield* stdin.pipe(
    Stream.takeUntil((chunk) => (size += chunk.length) > maxBytes),
    lines(maxBytes),
    Stream.runHead,
    Effect.mapError(({ message }) =>
      new TokenUnreadable({ message: `Standard input cannot be read: ${oneLine(message)}` })
    )
  )
  const bytes = Option.match(line, { onNone: () => undefined, onSome: ({ bytes }) => bytes })
  return Redacted.make(new TextDecoder().decode(bytes), { label })
})

/** A terminal whose text goes to standard error, so that standard output holds the result only. */
const onStandardError = Effect.gen(function*() {
  const terminal = yield* Terminal.Terminal
  const stdio = yield* Stdio.Stdio
  return Terminal.make({
    ...terminal,
    display: (text) => Stream.run(Stream.make(text), stdio.stderr())
  })
})

const fromPrompt = Prompt.run(Prompt.Hidden({ message: "Session token (not shown)" })).pipe(
  Effect.provideServiceEffect(Terminal.Terminal, onStandardError)
)

/** Reads the token. What it is worth is not known yet. */
export const readToken = Effect.gen(function*() {
  const { stdinIsTerminal } = yield* Stdio.Stdio
  const given = (yield* stdinIsTerminal) ? yield* fromPrompt : yield* fromInput
  return Redacted.make(Redacted.value(given).trim(), { label })
})
