/** Apply a lowered limit now, instead of at the user's next login. */
import { DateTime, Effect } from "effect"
import { completeThenTell } from "./CommitThenTell.ts"
import { SessionPolicy } from "./SessionPolicy.ts"
import { SessionRepo } from "./SessionRepo.ts"
import type { UserId } from "./User.ts"

/**
 * Ends the user's sessions that are over their limit, oldest or least recently used first as the policy says, with one
 * `SessionEvicted` each. Once it has returned, the user's active sessions are at most their limit.
 *
 * Fails with `EvictionFailed`, ending none, when the policy protects more sessions than the limit allows, with `UserNotFound`,
 * or with `SessionRepoError`.
 */
export const enforceLimit = Effect.fn("sojourn.enforceLimit")(function*(userId: UserId) {
  const repo = yield* SessionRepo
  const now = yield* DateTime.now
  const rules = yield* SessionPolicy
  const { evicted } = yield* completeThenTell(
    repo.enforceLimit(userId, rules, now),
    ({ events, evicted, expired }) => ({ userId, now, ended: [...expired, ...evicted], events })
  )
  return evicted
})
