/** What validation needs of a session, and all that a cache may keep. */
import { type DateTime, Effect, Inspectable, Option, Schema } from "effect"
import type { Credential } from "./CredentialRepo.ts"
import { instance } from "./Instance.ts"
import { activeUntil, isActiveAt, lifetimeFields } from "./Lifetime.ts"
import { optional } from "./Optional.ts"
import type { Session } from "./Session.ts"
import { SessionId } from "./SessionId.ts"
import { SecretHash } from "./SessionToken.ts"
import { UserId } from "./User.ts"

const optionalName = optional(Schema.String)

/** How often the secret was replaced, modulo 64: tells which of two secrets of a session is the later one. */
export const RotationNumber = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 63 }))

/**
 * An active session in short. It has the hash of the secret, which a log or `JSON.stringify` leaves out: answer with the fields
 * that you mean to show.
 */
export class CachedSession extends Schema.Class<CachedSession>("@sojourn/core/CachedSession")({
  /** Public, and no secret. */
  id: SessionId,
  /** Whose session it is. */
  userId: UserId,
  /** Of the secret that is good now. */
  secretHash: SecretHash,
  /** How often the secret was replaced, modulo 64. */
  rotation: RotationNumber.pipe(Schema.withConstructorDefault(Effect.succeed(0))),
  ...lifetimeFields,
  /** Whether the user trusts the device. */
  trusted: Schema.Boolean,
  /** The device as lists show it, such as `Chrome on macOS`; none: unknown. */
  deviceName: optionalName,
  /** The place as lists show it, such as `New York, US`; none: unknown. */
  locationName: optionalName
}) {
  /** The first instant at which the session is no longer active. */
  get activeUntil(): DateTime.Utc {
    return activeUntil(this)
  }

  /** Active exactly when not expired and not idle: `now < activeUntil`. An ended session is never cached. */
  isActive(now: DateTime.Utc): boolean {
    return isActiveAt(this, now.epochMilliseconds)
  }

  /** What may be shown and logged: all but what tells of the secret. */
  toJSON() {
    const { rotation: _rotation, secretHash: _secretHash, ...shown } = this
    return shown
  }

  [Inspectable.NodeInspectSymbol]() {
    return this.toJSON()
  }
}

/** Whether `a` has a later secret than `b`, of the same session. */
export const isLaterSecret = (
  a: Pick<CachedSession, "rotation">,
  b: Pick<CachedSession, "rotation">
): boolean => {
  const ahead = (a.rotation - b.rotation + 64) % 64
  return ahead > 0 && ahead < 32
}

/** The short form of a session that has not ended; `rotation` is 0 for a new one. */
export const toCached = (session: Session, secretHash: SecretHash, rotation: number): CachedSession =>
  instance(CachedSession, {
    id: session.id,
    userId: session.userId,
    secretHash,
    rotation,
    createdAt: session.createdAt,
    lastActivityAt: session.lastActivityAt,
    expiresAt: session.expiresAt,
    idleTimeout: session.idleTimeout,
    trusted: session.trusted,
    deviceName: Option.map(session.device, (device) => device.name),
    locationName: Option.map(session.location, (location) => location.name)
  })

/** The short form of the session of a credential. */
export const toCachedOf = ({ rotation, secretHash, session }: Credential): CachedSession =>
  toCached(session, secretHash, rotation)
