/** Forget a user: end what is active and delete what is known of their sessions. */
import { DateTime, Effect } from "effect"
import { commitThenTell, complete } from "./CommitThenTell.ts"
import type { EventBus } from "./EventBus.ts"
import type { SessionCache } from "./SessionCache.ts"
import type { Actor } from "./SessionEnd.ts"
import type { SessionId } from "./SessionId.ts"
import { SessionRepo, type SessionRepoError } from "./SessionRepo.ts"
import type { UserId } from "./User.ts"

/**
 * Ends the user's active sessions with `user_deleted`, deletes all their sessions and the user, and takes devices,
 * places and addresses out of their events (GDPR, article 17). The events themselves stay, as does what they did, as an
 * administrator, to the sessions of others, and what relays have carried elsewhere. Gives the ended ids.
 * Of a user who is not there it gives none. Fails with `SessionRepoError`; then something may be left that is known of them:
 * erase them again.
 */
export const eraseUser: (userId: UserId, actor: Actor) => Effect.Effect<
  ReadonlyArray<SessionId>,
  SessionRepoError,
  SessionRepo | SessionCache | EventBus
> = Effect.fn("sojourn.eraseUser")(function*(userId, actor) {
  const repo = yield* SessionRepo
  const now = yield* DateTime.now
  const end = commitThenTell(
    () => repo.erase(userId, actor, now),
    ({ ended, endedBefore, events }) => ({ userId, now, ended: [...ended, ...endedBefore], events })
  )
  const { ended } = yield* complete(Effect.tap(end, repo.forget(userId)))
  return ended
})
