/** Add a user or change their tier or limit, and hold them to it at once. */
import { Effect, Option } from "effect"
import { enforceLimit } from "./EnforceLimit.ts"
import { rulesFor, SessionPolicy } from "./SessionPolicy.ts"
import type { User } from "./User.ts"
import { UserRepo } from "./UserRepo.ts"

/** Puts the user, then ends what is over the new limit. Gives the limit in force and the ended sessions' ids. */
export const putUser = Effect.fn("sojourn.putUser")(function*(user: User) {
  const users = yield* UserRepo
  yield* users.put(user)
  const rules = yield* rulesFor(Option.some(user.tier))
  const evicted = yield* Effect.provideService(enforceLimit(user.id), SessionPolicy, rules)
  return { limit: yield* users.limit(user.id), evicted }
})
