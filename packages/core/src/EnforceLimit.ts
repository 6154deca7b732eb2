/** Apply a lowered limit now, instead of at the user's next login. */
import { DateTime, Effect } from "effect"
import { completeThenTell } from "./CommitThenTell.ts"
import type { EventBus } from "./EventBus.ts"
import type { EvictionFailed } from "./LimitErrors.ts"
import type { SessionCache } from "./SessionCache.ts"
import type { SessionId } from "./SessionId.ts"
import { SessionPolicy } from "./SessionPolicy.ts"
import { SessionRepo, type SessionRepoError } from "./SessionRepo.ts"
import type { UserId } from "./User.ts"
import type { UserNotFound } from "./UserRepo.ts"

/**
 * Ends the user's sessions that are over their limit, with one `SessionEvicted` each, and gives their ids. The least
 * recently used go first where the policy is `evict-least-recently-used`, else the oldest: also where it is `reject`,
 * which refuses logins only. Once it has returned, the user's active sessions are at most their limit.
 *
 * Fails with `EvictionFailed`, ending none, when the policy protects more sessions than the limit allows, with
 * `UserNotFound`, or with `SessionRepoError`.
 */
export const enforceLimit: (userId: UserId) => Effect.Effect<
  ReadonlyArray<SessionId>,
  EvictionFailed | UserNotFound | SessionRepoError,
  SessionRepo | SessionCache | EventBus
> = Effect.fn("sojourn.enforceLimit")(function*(userId) {
  const repo = yield* SessionRepo
  const now = yield* DateTime.now
  const rules = yield* SessionPolicy
  const { evicted } = yield* completeThenTell(
    repo.enforceLimit(userId, rules, now),
    ({ events, evicted, expired }) => ({ userId, now, ended: [...expired, ...evicted], events })
  )
  return evicted
})
