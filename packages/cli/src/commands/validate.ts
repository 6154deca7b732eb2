/** `sojourn validate`: whether a token is good, and whose it is. */
import { EndReason, Instant, SessionId, type SessionToken, UserId, validateSession } from "@sojourn/core"
import { Effect, Schema } from "effect"
import { Command } from "effect/cli"
import { Failed } from "../failure.ts"
import { formatTime, print, type Style } from "../output.ts"
import { PresentedToken } from "./tokenInput.ts"

/**
 * What a token is worth. `invalid` is one that is no session's; any other reason is why its session is over. The user
 * and the absolute end are there when it is valid.
 */
export const ValidateResult = Schema.Struct({
  valid: Schema.Boolean,
  sessionId: Schema.optionalKey(SessionId),
  userId: Schema.optionalKey(UserId),
  expiresAt: Schema.optionalKey(Instant),
  reason: Schema.optionalKey(Schema.Union([Schema.Literal("invalid"), EndReason]))
})
type ValidateResult = typeof ValidateResult.Type

/** Looks at a token as a request with it would. */
export const examine = (token: SessionToken) =>
  validateSession(token).pipe(
    Effect.map(({ session }): ValidateResult => ({
      valid: true,
      sessionId: session.id,
      userId: session.userId,
      expiresAt: session.expiresAt
    })),
    Effect.catchTags({
      InvalidSessionToken: () => Effect.succeed<ValidateResult>({ valid: false, reason: "invalid" }),
      SessionNotActive: ({ reason, sessionId }) => Effect.succeed<ValidateResult>({ valid: false, sessionId, reason })
    })
  )

/** What a token is worth, in one line for people. */
export const validateText = ({ bold, green, yellow }: Style, result: ValidateResult): string =>
  result.valid
    ? `${green("Valid")}: session ${result.sessionId} of ${bold(String(result.userId))}` +
      (result.expiresAt === undefined ? "" : `, until ${formatTime(result.expiresAt)}`)
    : yellow("Not valid") +
      (result.sessionId === undefined
        ? ": the token is no session's"
        : `: session ${result.sessionId} is over (${result.reason})`)

export const validate = Command.make(
  "validate",
  {},
  Effect.fnUntraced(function*() {
    const result = yield* examine(yield* PresentedToken)
    yield* print(ValidateResult)(result, (style) => [validateText(style, result)])
    if (!result.valid) return yield* new Failed({ exitCode: 1 })
  })
).pipe(
  Command.withShortDescription("Tell whether a token is good, and whose it is"),
  Command.withDescription(
    "Tell whether a session token is good, and whose it is; if not, the exit code is 1. The token is the first line of " +
      "standard input; on a terminal it is asked for and not shown. It is never an argument, as others can see those. " +
      "The answer is the one that a request would get: a token that was replaced long ago ends its session."
  ),
  Command.withExamples([
    { command: "sojourn validate", description: "Asks for the token" },
    { command: "sojourn validate --json < token.txt", description: "The token in a file, the answer as JSON" },
    {
      command: "sojourn create alice --json | jq -r .token | sojourn validate",
      description: "Sign alice in and look at her token"
    }
  ])
)
