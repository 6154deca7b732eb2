/** Forget a user: end what is active and delete what is known of their sessions. */
import { DateTime, Effect } from "effect"
import { commitThenTell, complete } from "./CommitThenTell.ts"
import type { Actor } from "./SessionEnd.ts"
import { SessionRepo } from "./SessionRepo.ts"
import type { UserId } from "./User.ts"

/**
 * Ends the user's active sessions with `user_deleted`, deletes all their sessions and the user, and takes devices,
 * places and addresses out of their events (GDPR, article 17). The events themselves stay, as does what they did, as an
 * administrator, to the sessions of others, and what relays have carried elsewhere. Gives the ended ids.
 * Of a user who is not there it gives none. Fails with `SessionRepoError`; then something may be left that is known of them:
 * erase them again.
 */
export const eraseUser = Effect.fn("sojourn.eraseUser")(function*(userId: UserId, actor: Actor) {
  const repo = yield* SessionRepo
  const now = yield* DateTime.now
  const end = commitThenTell(
    () => repo.erase(userId, actor, now),
    ({ ended, endedBefore, events }) => ({ userId, now, ended: [...ended, ...endedBefore], events })
  )
  const { ended } = yield* complete(Effect.tap(end, repo.forget(userId)))
  return ended
})
