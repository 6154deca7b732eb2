/** How a repository in memory forgets a user, who is kept elsewhere. */
import type { UserId } from "@sojourn/core"
import { Context, Effect } from "effect"

/**
 * Forgets the user. Default: does nothing, because the users are the application's own.
 *
 * Read when the Layer of `SessionRepoMemory` is built: provide it to that, as `UserRepoMemory` under it does by itself.
 */
export const UserErasure = Context.Reference<(userId: UserId) => Effect.Effect<void>>("@sojourn/testing/UserErasure", {
  defaultValue: () => () => Effect.void
})
