/** `sojourn revoke-all`: signs a user out everywhere, or everywhere else. */
import { RevokeAllSessions, revokeAllSessions } from "@sojourn/core"
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { parseSessionId, userId } from "../options.ts"
import { print } from "../output.ts"
import { administrator, reason, RevokeResult } from "./revoke.ts"

export const revokeAll = Command.make(
  "revoke-all",
  {
    userId,
    except: Flag.String("except").pipe(
      Flag.mapEffect(parseSessionId),
      Flag.optional,
      Flag.withMetavar("session-id"),
      Flag.withDescription("An active session of the user's, which is kept")
    ),
    reason
  },
  Effect.fnUntraced(function*({ except, reason, userId }) {
    const revoked = yield* revokeAllSessions(RevokeAllSessions.make({ userId, except, reason, actor: administrator }))
    yield* print(RevokeResult)({ revoked, alreadyEnded: [] }, ({ bold, dim, green }) =>
      revoked.length === 0
        ? [dim(`${userId} has no ${Option.isSome(except) ? "other " : ""}active session`)]
        : [
          ...revoked.map((id) => green(`Ended session ${id}`)),
          `${bold(userId)} is signed out everywhere${Option.isSome(except) ? " else" : ""}`
        ])
  })
).pipe(
  Command.withShortDescription("Sign a user out everywhere, or everywhere else"),
  Command.withDescription(
    "End all active sessions of a user in one commit, or all but one. A user who is not known has none. " +
      "If the session to keep is not an active one of the user's, none is ended."
  ),
  Command.withExamples([
    { command: "sojourn revoke-all alice", description: "Sign alice out everywhere" },
    {
      command: "sojourn revoke-all alice --except 019a3f5e-7c00-7a1b-8c2d-3e4f5a6b7c8d --reason password_changed",
      description: "Everywhere else, after a change of password"
    }
  ])
)
