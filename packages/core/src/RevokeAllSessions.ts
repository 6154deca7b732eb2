/** Sign a user out everywhere, or everywhere else. */
import { DateTime, Effect, Schema } from "effect"
import { completeThenTell } from "./CommitThenTell.ts"
import type { EventBus } from "./EventBus.ts"
import { instance } from "./Instance.ts"
import { optional } from "./Optional.ts"
import type { SessionCache } from "./SessionCache.ts"
import { Actor, EndReason, SessionEnd } from "./SessionEnd.ts"
import type { KeptSessionNotActive } from "./SessionErrors.ts"
import { SessionId } from "./SessionId.ts"
import { SessionRepo, type SessionRepoError } from "./SessionRepo.ts"
import { UserId } from "./User.ts"

/** Whose sessions, who ends them and why. */
export class RevokeAllSessions extends Schema.Class<RevokeAllSessions>("@sojourn/core/RevokeAllSessions")({
  /** Whose sessions. An unknown user has none. */
  userId: UserId,
  /** A session to keep: an active one of the user's, such as the one that asks. Default: none is kept. */
  except: optional(SessionId),
  /** Default: `logout`. `password_changed` after a change of password (OWASP ASVS 5.0, 7.4.3). */
  reason: EndReason.pipe(Schema.withConstructorDefault(Effect.succeed("logout" as const))),
  /** Who ends them, for the record: `byUser`, `byAdministrator` or `system`. */
  actor: Actor
}) {}

/**
 * Ends all active sessions of the user, in one commit: no login that was committed before it survives. Gives their ids.
 *
 * A login that is under way is committed after it and stays. After a change of password, where that login may go back to
 * the old one, check the password, or its version, once more after `createSession` and revoke what should not have been.
 *
 * Fails with `KeptSessionNotActive`, ending none, when the session `except` is not an active one of the user's (so never
 * without it), or with `SessionRepoError`.
 */
export const revokeAllSessions: (command: RevokeAllSessions) => Effect.Effect<
  ReadonlyArray<SessionId>,
  KeptSessionNotActive | SessionRepoError,
  SessionRepo | SessionCache | EventBus
> = Effect.fn("sojourn.revokeAllSessions")(function*(command) {
  const repo = yield* SessionRepo
  const { actor, except, reason, userId } = command
  const at = yield* DateTime.now
  const { ended } = yield* completeThenTell(
    repo.endAll(userId, except, instance(SessionEnd, { at, reason, actor })),
    ({ ended, endedBefore, events }) => ({ userId, now: at, ended: [...ended, ...endedBefore], events })
  )
  return ended
})
