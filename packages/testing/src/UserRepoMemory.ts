/** Users in memory, for tests. */
import { limitOf, TierLimits, type User, type UserId, UserNotFound, UserRepo } from "@sojourn/core"
import { Context, Effect, Layer } from "effect"
import { UserErasure } from "./UserErasure.ts"

/** The users that are there from the start. Default: none. */
export interface Options {
  readonly users?: ReadonlyArray<User> | undefined
}

/** Limits come from the `TierLimits` in force where the layer is built. `SessionRepoMemory` over it erases its users. */
export const layer = (options: Options = {}): Layer.Layer<UserRepo> =>
  Layer.effectContext(
    Effect.gen(function*() {
      const tiers = yield* TierLimits
      const users = new Map<UserId, User>((options.users ?? []).map((user) => [user.id, user]))
      const find = (userId: UserId) =>
        Effect.suspend(() => {
          const user = users.get(userId)
          return user === undefined ? Effect.fail(new UserNotFound({ userId })) : Effect.succeed(user)
        })
      const repo = UserRepo.of({
        find,
        put: (user) => Effect.sync(() => void users.set(user.id, user)),
        limit: (userId) => Effect.map(find(userId), (user) => limitOf(user, tiers))
      })
      return Context.make(UserRepo, repo).pipe(
        Context.add(UserErasure, (userId) => Effect.sync(() => void users.delete(userId)))
      )
    })
  )
