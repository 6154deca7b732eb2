/** One login of one user on one device. */
import { Brand, DateTime, Effect, Option, Schema } from "effect"
import { Device } from "./Device.ts"
import { Instant } from "./Instant.ts"
import { IpAddress } from "./IpAddress.ts"
import { activeUntil, idleAtMillis, isActiveAt, Span } from "./Lifetime.ts"
import { Location } from "./Location.ts"
import { optional } from "./Optional.ts"
import { type EndReason, SessionEnd } from "./SessionEnd.ts"
import { SessionId } from "./SessionId.ts"
import { printable, toPrintable } from "./Text.ts"
import { UserId } from "./User.ts"

/** What a 32-bit column holds. */
const maximumCount = 2_147_483_647

/** A user agent as it is kept: at most 1,024 characters, no control characters. */
export const UserAgent = printable(1024).pipe(Schema.brand("@sojourn/core/UserAgent"))
export type UserAgent = typeof UserAgent.Type

const asUserAgent = Brand.nominal<UserAgent>()

/** Cuts and cleans a user agent from a request; none when nothing readable is left. */
export const parseUserAgent = (raw: string): Option.Option<UserAgent> =>
  Option.map(
    Option.liftPredicate(toPrintable(raw, 1024), (text) => text !== ""),
    asUserAgent
  )

/** The application's own id of the refresh token that goes with the session. Never the token itself. */
export const RefreshTokenId = printable(255).pipe(Schema.brand("@sojourn/core/RefreshTokenId"))
export type RefreshTokenId = typeof RefreshTokenId.Type

/**
 * One login of one user on one device. An immutable value: methods return the changed session.
 *
 * It holds no secret and no hash of one, so it may be shown in lists and logs.
 */
export class Session extends Schema.Class<Session>("@sojourn/core/Session")({
  /** Names the session everywhere. Not a secret: it signs nobody in. */
  id: SessionId,
  /** Whose session it is, by the application's own id. */
  userId: UserId,
  /** What they logged in with, as the user agent told; none when it is not known. */
  device: optional(Device),
  /** Where they logged in, as the address told; none when it is not known. */
  location: optional(Location),
  /** Where the login came from; of a login without an address, where the first activity with one did. */
  ipAddress: optional(IpAddress),
  /** Where the latest activity came from. */
  lastIpAddress: optional(IpAddress),
  /** What the client called itself at the login; none when it said nothing that can be read. */
  userAgent: optional(UserAgent),
  /** The refresh token that goes with it, where the application named one. */
  refreshTokenId: optional(RefreshTokenId),
  /** When they logged in. */
  createdAt: Instant,
  /** The latest activity on record, at first the login. `touchSession` records at intervals of up to a minute. */
  lastActivityAt: Instant,
  /** The absolute end; activity never moves it. */
  expiresAt: Instant,
  /** How long the session lives without activity; none: only the absolute end counts. */
  idleTimeout: optional(Span),
  /** Whether the user trusts the device (`trustSession`): the policy may protect it from eviction. Default: false. */
  trusted: Schema.Boolean.pipe(Schema.withConstructorDefault(Effect.succeed(false))),
  /** How often `recordSuspiciousActivity` has counted. Default: 0. */
  suspiciousActivityCount: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: maximumCount })).pipe(
    Schema.withConstructorDefault(Effect.succeed(0))
  ),
  /** How it ended. None: nothing has ended it yet, though its time may be over; `endReason` tells. */
  end: optional(SessionEnd)
}) {
  /** The first instant at which the session is no longer active, unless something ends it before. */
  get activeUntil(): DateTime.Utc {
    return activeUntil(this)
  }

  /** Active exactly when not ended, not expired and not idle: `now < activeUntil`. */
  isActive(now: DateTime.Utc): boolean {
    return Option.isNone(this.end) && isActiveAt(this, now.epochMilliseconds)
  }

  /** Why the session is not active at `now`: of expired and idle, what came first; none if it is active. */
  endReason(now: DateTime.Utc): Option.Option<EndReason> {
    if (Option.isSome(this.end)) return Option.some(this.end.value.reason)
    if (isActiveAt(this, now.epochMilliseconds)) return Option.none()
    return Option.some(idleAtMillis(this) < this.expiresAt.epochMilliseconds ? "idle" : "expired")
  }

  /** Ends the session; a session that has ended already stays as it is, with its first time, reason and actor. */
  ended(end: SessionEnd): Session {
    return Option.isSome(this.end) ? this : Session.make({ ...this, end: Option.some(end) })
  }

  /**
   * Records activity at `now` from `ip`. Never moves `expiresAt`, never goes back in time, and does nothing to a
   * session that is no longer active. The login's own address is kept, or filled in when it was not known.
   */
  touched(now: DateTime.Utc, ip: Option.Option<IpAddress>): Session {
    return this.isActive(now) && !DateTime.isLessThan(now, this.lastActivityAt)
      ? Session.make({
        ...this,
        lastActivityAt: now,
        ipAddress: Option.orElse(this.ipAddress, () => ip),
        lastIpAddress: Option.orElse(ip, () => this.lastIpAddress)
      })
      : this
  }

  /** Marks the device as one the user trusts. */
  trust(): Session {
    return this.trusted ? this : Session.make({ ...this, trusted: true })
  }

  /** Counts one more suspicious activity, up to the greatest count there is. */
  suspected(): Session {
    return Session.make({
      ...this,
      suspiciousActivityCount: Math.min(this.suspiciousActivityCount + 1, maximumCount)
    })
  }
}
