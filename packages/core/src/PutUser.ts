/** Add a user or change their tier or limit, and hold them to it at once. */
import { Effect, Option } from "effect"
import { enforceLimit } from "./EnforceLimit.ts"
import { rulesFor, SessionPolicy } from "./SessionPolicy.ts"
import type { User } from "./User.ts"
import { UserRepo } from "./UserRepo.ts"

/**
 * Puts the user, then ends what is over the new limit. Gives the limit in force and the ended sessions' ids.
 *
 * Fails with `EvictionFailed` when the policy protects more sessions than the new limit allows; the limit holds nevertheless,
 * from the next login on. Fails with `UserRepoError` or `SessionRepoError`, or with `UserNotFound` when the user was removed
 * meanwhile.
 *
 * For users in Sojourn's own table. Where a `limitQuery` finds the limit elsewhere, change it there and call `enforceLimit`.
 */
export const putUser = Effect.fn("sojourn.putUser")(function*(user: User) {
  const users = yield* UserRepo
  yield* users.put(user)
  const rules = yield* rulesFor(Option.some(user.tier))
  const evicted = yield* Effect.provideService(enforceLimit(user.id), SessionPolicy, rules)
  return { limit: yield* users.limit(user.id), evicted }
})
