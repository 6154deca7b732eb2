/** End one session for good. */
import { DateTime, Effect, Option, Schema } from "effect"
import { commitThenTell } from "./CommitThenTell.ts"
import { instance } from "./Instance.ts"
import { optional } from "./Optional.ts"
import { Actor, EndReason, SessionEnd } from "./SessionEnd.ts"
import { SessionId } from "./SessionId.ts"
import { type Ending, type Late, SessionRepo } from "./SessionRepo.ts"
import { UserId } from "./User.ts"

/** Which session, who ends it and why. */
export class RevokeSession extends Schema.Class<RevokeSession>("@sojourn/core/RevokeSession")({
  /** The session to end, in whatever state it is. */
  sessionId: SessionId,
  /** Whose it must be, for a user who ends a session of their own; none: whoever's it is. */
  owner: optional(UserId),
  /** Default: `logout`. */
  reason: EndReason.pipe(Schema.withConstructorDefault(Effect.succeed("logout" as const))),
  /** Who ends it, for the record: `byUser`, `byAdministrator` or `system`. */
  actor: Actor
}) {}

/**
 * Ends the session. Once it has returned, no process accepts it for longer than the staleness bound, whatever races or
 * fails; as a rule for no more than milliseconds. `alreadyEnded`: it was over before, and stays as it was.
 *
 * Fails with `SessionNotFound`, with `NotSessionOwner` when it is not the owner's, or with `SessionRepoError`.
 */
export const revokeSession = Effect.fn("sojourn.revokeSession")(function*(command: RevokeSession) {
  const repo = yield* SessionRepo
  const { actor, owner, reason, sessionId } = command
  const at = yield* DateTime.now
  // Told also when it was over before: whoever revokes again may do so because the cache was away the first time.
  const { changed } = yield* commitThenTell(
    (late: Late<Ending>) =>
      repo.end(sessionId, instance(SessionEnd, { at, reason, actor }), { owner, reuse: Option.none() }, late),
    ({ events, userId }) => ({ userId, now: at, ended: [sessionId], events })
  )
  return { sessionId, alreadyEnded: !changed }
})
