/** `sojourn revoke`: ends one session for good. */
import { Actor, type EndReason, RevokeSession, revokeSession, SessionId } from "@sojourn/core"
import { Effect, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { sessionId } from "../options.ts"
import { print } from "../output.ts"

/** The sessions that were ended now, and those that were over before. */
export const RevokeResult = Schema.Struct({
  revoked: Schema.Array(SessionId),
  alreadyEnded: Schema.Array(SessionId)
})

/** Whoever uses the command. */
export const administrator = Actor.make({ kind: "administrator" })

/** The other reasons belong to the rules by which sessions end. */
const reasons = [
  "admin_action",
  "security_concern",
  "password_changed",
  "logout",
  "user_deleted"
] as const satisfies ReadonlyArray<EndReason>

/** Why sessions end, as far as a person may say so. */
export const reason = Flag.Literals("reason", reasons).pipe(
  Flag.withDefault("admin_action"),
  Flag.withMetavar("reason"),
  Flag.withDescription("Why, by default admin_action")
)

/** Ends the session, in an administrator's name. */
export const endSession = (sessionId: SessionId, reason: EndReason) =>
  Effect.map(
    revokeSession(RevokeSession.make({ sessionId, reason, actor: administrator })),
    ({ alreadyEnded }): typeof RevokeResult.Type =>
      alreadyEnded ? { revoked: [], alreadyEnded: [sessionId] } : { revoked: [sessionId], alreadyEnded: [] }
  )

export const revoke = Command.make(
  "revoke",
  { sessionId, reason },
  Effect.fnUntraced(function*({ reason, sessionId }) {
    const result = yield* endSession(sessionId, reason)
    yield* print(RevokeResult)(result, ({ dim, green }) => [
      ...result.revoked.map((id) => green(`Ended session ${id}`)),
      ...result.alreadyEnded.map((id) => dim(`Session ${id} was over before and stays as it was`))
    ])
  })
).pipe(
  Command.withShortDescription("End one session"),
  Command.withDescription(
    "End one session for good: its token is refused from now on. A session that was over before keeps its first reason; " +
      "that is no failure."
  ),
  Command.withExamples([
    { command: "sojourn revoke 019a3f5e-7c00-7a1b-8c2d-3e4f5a6b7c8d", description: "End this session" },
    {
      command: "sojourn revoke 019a3f5e-7c00-7a1b-8c2d-3e4f5a6b7c8d --reason security_concern",
      description: "The same, and say why"
    }
  ])
)
