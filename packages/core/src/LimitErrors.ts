/** Why a user's limit cannot be held as the policy says. */
import { Schema } from "effect"
import { UserId } from "./User.ts"

/** The user is at their limit and the policy says `reject`, or the limit is 0. Nothing was written of the login. */
export class SessionLimitExceeded extends Schema.TaggedError<SessionLimitExceeded>()("SessionLimitExceeded", {
  /** Who cannot log in. */
  userId: UserId,
  /** How many active sessions they may have; 0: none, whatever the policy says. */
  limit: Schema.Int,
  /** How many they had when the login's turn came. */
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
  /** Whose limit cannot be held. */
  userId: UserId,
  /** How many active sessions they may have. */
  limit: Schema.Int,
  /** How many they had when it was tried. */
  active: Schema.Int,
  /** How many of these are on trusted devices, or were used a moment ago, where the policy spares such. */
  protected: Schema.Int
}) {
  override get message() {
    return `User "${this.userId}" has ${this.active} active sessions of ${this.limit} allowed, ` +
      `and the policy protects ${this.protected} of them from eviction; end one first`
  }
}
