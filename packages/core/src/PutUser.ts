/** Add a user or change their tier or limit, and hold them to it at once. */
import { Effect } from "effect"
import { enforceLimit } from "./EnforceLimit.ts"
import type { User } from "./User.ts"
import { UserRepo } from "./UserRepo.ts"

/** Puts the user, then ends what is over the new limit. Gives the limit in force and the ended sessions' ids. */
export const putUser = Effect.fn("sojourn.putUser")(function*(user: User) {
  const users = yield* UserRepo
  yield* users.put(user)
  const evicted = yield* enforceLimit(user.id)
  return { limit: yield* users.limit(user.id), evicted }
})
