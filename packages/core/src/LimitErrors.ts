/** Why a user's limit cannot be held as the policy says. */
import { Schema } from "effect"
import { UserId } from "./User.ts"

/** The user is at their limit and the policy says `reject`, or the limit is 0. Nothing was written of the login. */
export class SessionLimitExceeded extends Schema.TaggedError<SessionLimitExceeded>()("SessionLimitExceeded", {
  userId: UserId,
  limit: Schema.Int,
  active: Schema.Int
}) {
  override get message() {
    return this.limit === 0
      ? `User "${this.userId}" may have no session; raise their limit to let them log in`
      : `User "${this.userId}" has ${this.active} active sessions and the limit is ${this.limit}; end one first`
  }
}

/** The limit asks for an eviction, and the policy protects too many of the user's sessions. None was evicted. */
export class EvictionFailed extends Schema.TaggedError<EvictionFailed>()("EvictionFailed", {
  userId: UserId,
  limit: Schema.Int,
  active: Schema.Int,
  protected: Schema.Int
}) {
  override get message() {
    return `User "${this.userId}" has ${this.active} active sessions of ${this.limit} allowed, ` +
      `and the policy protects ${this.protected} of them from eviction; end one first`
  }
}
