/** The rules that every login is held to. How many sessions a user may have is not here: that belongs to the user. */
import { Context, Duration, Effect, Option, Schema } from "effect"
import { Span } from "./Lifetime.ts"
import { optional } from "./Optional.ts"
import type { Tier } from "./User.ts"

/**
 * What happens to a login when the user is at their limit: the oldest session makes room, or the least recently used
 * one, or the login is refused.
 *
 * A limit that is lowered ends sessions by `reject`, too, when `putUser` or `enforceLimit` applies it: the oldest ones.
 */
export const AtLimit = Schema.Literals(["evict-oldest", "evict-least-recently-used", "reject"])
export type AtLimit = typeof AtLimit.Type

const optionalSpan = optional(Span)
const span = (byDefault: Duration.Duration) => Span.pipe(Schema.withConstructorDefault(Effect.succeed(byDefault)))

/**
 * The rules, with their defaults. Durations are whole milliseconds.
 *
 * NIST SP 800-63B-4 asks for reauthentication at the latest after 30 days (AAL1), or after 24 hours and 1 hour
 * without activity (AAL2); OWASP ASVS 5.0 (7.3) asks for both timeouts to be chosen and documented.
 */
export class SessionRules extends Schema.Class<SessionRules>("@sojourn/core/SessionRules")({
  /** What happens to a login at the limit, and which sessions a lowered limit ends. Default: `evict-oldest`. */
  atLimit: AtLimit.pipe(Schema.withConstructorDefault(Effect.succeed("evict-oldest" as const))),
  /** Whether sessions on trusted devices are never evicted. Default: false. */
  protectTrusted: Schema.Boolean.pipe(Schema.withConstructorDefault(Effect.succeed(false))),
  /** Sessions with activity within this time are never evicted. Default: none are protected so. */
  protectActiveWithin: optionalSpan,
  /** How long a session lives when the login does not say. Default: 30 days. */
  defaultLifetime: span(Duration.days(30)),
  /** The longest life that a login may ask for. Default: 365 days. */
  maximumLifetime: span(Duration.days(365)),
  /** How long a session lives without activity. Default: as long as it lives at all. */
  idleTimeout: optionalSpan
}) {}

/**
 * The rules in force, `SessionRules` with its defaults unless the application provides others.
 *
 * Read around the handler at each call, by `createSession`, `putUser` and `enforceLimit`. So provide it to the call or
 * to the program, or as `Layer.succeed(SessionPolicy, …)` beside the Layer of the services (`Layer.merge`). Given to
 * that Layer alone (`Layer.provide`), it reaches no handler.
 *
 * @example
 * createSession(command).pipe(Effect.provideService(SessionPolicy, SessionRules.make({ atLimit: "reject" })))
 */
export const SessionPolicy = Context.Reference<SessionRules>("@sojourn/core/SessionPolicy", {
  defaultValue: () => SessionRules.make({})
})

/**
 * Rules for the users of a tier, such as shorter timeouts for administrators, in the place of `SessionPolicy`. They apply
 * where the tier is known: to logins that name it, and in `putUser`. Default: none.
 *
 * Read around the handler at each call, by `createSession` and `putUser`, and provided as `SessionPolicy` is.
 * `enforceLimit`, which knows no tier, does not read it.
 */
export const TierPolicies = Context.Reference<ReadonlyMap<Tier, SessionRules>>("@sojourn/core/TierPolicies", {
  defaultValue: () => new Map()
})

/** The rules for a user of this tier: the tier's own, else those of `SessionPolicy`. */
export const rulesIn = (context: Context.Context<never>, tier: Option.Option<Tier>): SessionRules => {
  const own = Option.isSome(tier) ? Context.get(context, TierPolicies).get(tier.value) : undefined
  return own ?? Context.get(context, SessionPolicy)
}

/** As `rulesIn`, around the effect. */
export const rulesFor = (tier: Option.Option<Tier>): Effect.Effect<SessionRules> =>
  Effect.map(Effect.context<never>(), (context) => rulesIn(context, tier))
