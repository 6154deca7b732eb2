/** Add a user or change their tier or limit, and hold them to it at once. */
import { Effect, Option } from "effect"
import { enforceLimit } from "./EnforceLimit.ts"
import type { EventBus } from "./EventBus.ts"
import type { Limit } from "./Limit.ts"
import type { EvictionFailed } from "./LimitErrors.ts"
import type { SessionCache } from "./SessionCache.ts"
import type { SessionId } from "./SessionId.ts"
import { rulesFor, SessionPolicy } from "./SessionPolicy.ts"
import type { SessionRepo, SessionRepoError } from "./SessionRepo.ts"
import type { User } from "./User.ts"
import { type UserNotFound, UserRepo, type UserRepoError } from "./UserRepo.ts"

/** How a user stands, once they were put. */
export interface PutUserResult {
  /** The limit in force: the user's own, else their tier's. */
  readonly limit: Limit
  /** The sessions that were over it, and that this ended. */
  readonly evicted: ReadonlyArray<SessionId>
}

/**
 * Puts the user, then ends what is over the new limit, as `enforceLimit` does.
 *
 * Fails with `EvictionFailed` when the policy protects more sessions than the new limit allows; the limit holds nevertheless,
 * from the next login on. Fails with `UserRepoError` or `SessionRepoError`, or with `UserNotFound` when the user was removed
 * meanwhile.
 *
 * For users in Sojourn's own table. Where a `limitQuery` finds the limit elsewhere, change it there and call `enforceLimit`.
 */
export const putUser: (user: User) => Effect.Effect<
  PutUserResult,
  EvictionFailed | UserNotFound | UserRepoError | SessionRepoError,
  UserRepo | SessionRepo | SessionCache | EventBus
> = Effect.fn("sojourn.putUser")(function*(user) {
  const users = yield* UserRepo
  yield* users.put(user)
  const rules = yield* rulesFor(Option.some(user.tier))
  const evicted = yield* Effect.provideService(enforceLimit(user.id), SessionPolicy, rules)
  return { limit: yield* users.limit(user.id), evicted }
})
