/** What validation needs of a session, and all that a cache may keep. */
import { type DateTime, Effect, Inspectable, Option, Schema } from "effect"
import type { Credential } from "./CredentialRepo.ts"
import { instance } from "./Instance.ts"
import { Instant } from "./Instant.ts"
import { activeUntil, isActiveAt, Span } from "./Lifetime.ts"
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
  /** Names the session everywhere. Not a secret: it signs nobody in. */
  id: SessionId,
  /** Whose session it is, by the application's own id. */
  userId: UserId,
  /** Of the current secret: what proves the session is compared with it. Not to be shown. */
  secretHash: SecretHash,
  /** How often the secret was replaced, modulo 64. Default: 0. */
  rotation: RotationNumber.pipe(Schema.withConstructorDefault(Effect.succeed(0))),
  /** When they logged in. */
  createdAt: Instant,
  /** The latest activity on record, at first the login. `touchSession` records at intervals of up to a minute. */
  lastActivityAt: Instant,
  /** The absolute end; activity never moves it. */
  expiresAt: Instant,
  /** How long the session lives without activity; none: only the absolute end counts. */
  idleTimeout: optional(Span),
  /** Whether the user trusts the device. */
  trusted: Schema.Boolean,
  /** The device's `name`, as lists show it: `Chrome on macOS`. None when it is not known. */
  deviceName: optionalName,
  /** The place's `name`, as lists show it: `New York, US`. None when it is not known. */
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
