/** Port: where users, their tiers and their own limits are kept. */
import { Context, type Effect, Schema } from "effect"
import type { Limit } from "./Limit.ts"
import { storeErrorFields } from "./StoreError.ts"
import { type User, UserId } from "./User.ts"

/** Nobody is known by this id. */
export class UserNotFound extends Schema.TaggedError<UserNotFound>()("UserNotFound", {
  /** The id that was asked for. */
  userId: UserId
}) {
  override get message() {
    return `No user with the id "${this.userId}"; add them before they log in`
  }
}

/** The store of users failed. */
export class UserRepoError extends Schema.TaggedError<UserRepoError>()("UserRepoError", storeErrorFields) {}

/** Applications with users of their own map theirs instead of filling this one. */
export class UserRepo extends Context.Service<UserRepo, {
  /** The user as last put. */
  readonly find: (userId: UserId) => Effect.Effect<User, UserNotFound | UserRepoError>
  /** Adds the user, or replaces what is known of them. Does not end sessions: `enforceLimit` does. */
  readonly put: (user: User) => Effect.Effect<void, UserRepoError>
  /** The limit in force: the user's own, else their tier's; an unknown tier counts as `basic`. */
  readonly limit: (userId: UserId) => Effect.Effect<Limit, UserNotFound | UserRepoError>
}>()("@sojourn/core/UserRepo") {}
