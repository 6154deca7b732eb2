/** Whose sessions they are, as far as Sojourn needs to know. */
import { Context, Effect, Option, Schema } from "effect"
import { Limit } from "./Limit.ts"
import { optional } from "./Optional.ts"
import { printable } from "./Text.ts"

/** The application's own id of a user: 1 to 255 characters of any form (UUID, number, address), no control characters. */
export const UserId = printable(255).pipe(Schema.brand("@sojourn/core/UserId"))
export type UserId = typeof UserId.Type

/** The name of a plan that users are on, such as `basic`. Up to 64 characters. */
export const Tier = printable(64).pipe(Schema.brand("@sojourn/core/Tier"))
export type Tier = typeof Tier.Type

/** The tier of users of whom nothing else is known. */
export const defaultTier = Tier.make("basic")

/** A user, their tier, and a limit of their own that wins over the tier's. */
export class User extends Schema.Class<User>("@sojourn/core/User")({
  /** The application's own. */
  id: UserId,
  /** The plan they are on, which says their limit. Default: `basic`. */
  tier: Tier.pipe(Schema.withConstructorDefault(Effect.succeed(defaultTier))),
  /** A limit of their own, which wins over the tier's. Default: none, so that the tier's counts. */
  maxSessions: optional(Limit)
}) {}

/**
 * The limit of each tier. A tier that is not in it has the limit of `basic`.
 *
 * Read when the Layer of the in-memory repository, `UserRepoMemory`, is built: provide it to that. In PostgreSQL the
 * table `tiers` holds the same values, and `session_limit(user_id)` the same rule; there it is not read.
 */
export const TierLimits = Context.Reference<ReadonlyMap<Tier, Limit>>("@sojourn/core/TierLimits", {
  defaultValue: () =>
    new Map<Tier, Limit>([
      [defaultTier, 2],
      [Tier.make("essential"), 3],
      [Tier.make("plus"), 5],
      [Tier.make("premium"), 10],
      [Tier.make("pro"), "unlimited"]
    ])
})

/** The user's own limit, else their tier's, else that of `basic`, else 0. */
export const limitOf = (user: User, tiers: ReadonlyMap<Tier, Limit>): Limit =>
  Option.getOrElse(user.maxSessions, () => tiers.get(user.tier) ?? tiers.get(defaultTier) ?? 0)
