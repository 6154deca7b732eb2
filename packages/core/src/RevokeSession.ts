/** End one session for good. */
import { DateTime, Effect, Option, Schema } from "effect"
import { commitThenTell } from "./CommitThenTell.ts"
import type { EventBus } from "./EventBus.ts"
import { instance } from "./Instance.ts"
import { optional } from "./Optional.ts"
import type { SessionCache } from "./SessionCache.ts"
import { Actor, EndReason, SessionEnd } from "./SessionEnd.ts"
import type { NotSessionOwner, SessionNotFound } from "./SessionErrors.ts"
import { SessionId } from "./SessionId.ts"
import { type Ending, type Late, SessionRepo, type SessionRepoError } from "./SessionRepo.ts"
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

/** A session that is over for good. */
export interface Revoked {
  /** The one that was asked for. */
  readonly sessionId: SessionId
  /** Something had ended it before: it stays as it was, with its first time, reason and actor. */
  readonly alreadyEnded: boolean
}

/**
 * Ends the session. Once it has returned, no process accepts it for longer than the staleness bound, whatever races or
 * fails; as a rule for no more than milliseconds, where processes share a Redis. Without one, another process may accept it for that long.
 *
 * Fails with `SessionNotFound`, with `NotSessionOwner` when it is not the owner's, or with `SessionRepoError`.
 */
export const revokeSession: (command: RevokeSession) => Effect.Effect<
  Revoked,
  SessionNotFound | NotSessionOwner | SessionRepoError,
  SessionRepo | SessionCache | EventBus
> = Effect.fn("sojourn.revokeSession")(function*(command) {
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
