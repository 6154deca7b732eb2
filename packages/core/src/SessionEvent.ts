/** What happened to sessions, told to the rest of the system. */
import { DateTime, Option, Schema } from "effect"
import { Device } from "./Device.ts"
import { EventId } from "./EventId.ts"
import { Instant } from "./Instant.ts"
import { IpAddress } from "./IpAddress.ts"
import { Location } from "./Location.ts"
import { optional } from "./Optional.ts"
import { Actor, EndReason } from "./SessionEnd.ts"
import { SessionId } from "./SessionId.ts"
import { UserId } from "./User.ts"

/** What every event says: which, when, whose, and who did it. */
const about = {
  /** Stays the same wherever and however often the event is delivered, to tell a repetition. */
  eventId: EventId,
  /** When it happened, not when it is delivered. */
  at: Instant,
  /** Whose session it is about, by the application's own id. */
  userId: UserId,
  /** Who did it: the user, an administrator, or the `system` by a rule. */
  actor: Actor
} as const
const aboutSession = {
  ...about,
  /** The session that it happened to. */
  sessionId: SessionId
} as const

/** Somebody logged in. */
export class SessionCreated extends Schema.TaggedClass<SessionCreated>()("SessionCreated", {
  ...aboutSession,
  /** What they logged in with. None when it is not known, or the user was erased since. */
  device: optional(Device),
  /** Where the login came from. None when it is not known, or the user was erased since. */
  ipAddress: optional(IpAddress),
  /** Where they logged in, as the address told. None when it is not known, or the user was erased since. */
  location: optional(Location),
  /** When the session ends at the latest. */
  expiresAt: Instant
}) {}

/** A session ended to hold the user's limit. */
export class SessionEvicted extends Schema.TaggedClass<SessionEvicted>()("SessionEvicted", {
  ...aboutSession,
  /** The only one there is for an eviction. */
  reason: Schema.Literal("session_limit_exceeded"),
  /** Which device was signed out. None when it is not known, or the user was erased since. */
  device: optional(Device),
  /** The login that took its place. None: the limit was lowered, and `enforceLimit` or `putUser` applied it. */
  evictedBy: optional(SessionId)
}) {}

/**
 * How a replaced token was used again: the one before the current, after its grace (a `late_retry`, as it may be), or an
 * older one (a `theft`).
 */
export const TokenReuse = Schema.Literals(["late_retry", "theft"])
export type TokenReuse = typeof TokenReuse.Type

/** Somebody, or a rule other than the limit, ended a session. */
export class SessionRevoked extends Schema.TaggedClass<SessionRevoked>()("SessionRevoked", {
  ...aboutSession,
  /** As whoever ended it gave it. */
  reason: EndReason,
  /** Which device was signed out. None when it is not known, or the user was erased since. */
  device: optional(Device),
  /** How a replaced token was used again, for the reason `rotation_reuse`; none for all others. */
  reuse: optional(TokenReuse)
}) {}

/** Several sessions of a user were ended at once; each of them has its own `SessionRevoked` beside this one. */
export class SessionsRevoked extends Schema.TaggedClass<SessionsRevoked>()("SessionsRevoked", {
  ...about,
  /** The same for all of them. */
  reason: EndReason,
  /** How many sessions this ended: not those that had ended before, and not the one that was kept. */
  count: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  /** The session that was kept; none: all were ended. */
  exceptSessionId: optional(SessionId)
}) {}

/** A session reached its absolute end, or went too long without activity. */
export class SessionExpired extends Schema.TaggedClass<SessionExpired>()("SessionExpired", {
  ...aboutSession,
  /** `expired`: its absolute end has come; `idle`: it went without activity for its idle timeout. */
  reason: Schema.Literals(["expired", "idle"]),
  /** Which device was signed out. None when it is not known, or the user was erased since. */
  device: optional(Device)
}) {}

/** The session's token was replaced by a new one. */
export class SessionRotated extends Schema.TaggedClass<SessionRotated>()("SessionRotated", aboutSession) {}

/** The user marked the session's device as trusted. */
export class SessionTrusted extends Schema.TaggedClass<SessionTrusted>()("SessionTrusted", aboutSession) {}

/** Something about the session looked wrong. */
export class SuspiciousActivityRecorded extends Schema.TaggedClass<SuspiciousActivityRecorded>()(
  "SuspiciousActivityRecorded",
  {
    ...aboutSession,
    /** How often by now, this time included. */
    count: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
  }
) {}

/** Every event. Dates are ISO 8601 strings on the wire, absent values `null`. */
export const SessionEvent = Schema.Union([
  SessionCreated,
  SessionEvicted,
  SessionRevoked,
  SessionsRevoked,
  SessionExpired,
  SessionRotated,
  SessionTrusted,
  SuspiciousActivityRecorded
])
export type SessionEvent = typeof SessionEvent.Type

/** The wire form: JSON with the version of the form beside the event. */
export const SessionEventJson = Schema.toCodecJson(Schema.Struct({
  /** Of the form. Another one than 1 is from a later Sojourn, and cannot be read by this one. */
  version: Schema.Literal(1),
  /** What happened; `_tag` says which event it is. */
  event: SessionEvent
}))

const toJson = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (DateTime.isDateTime(value)) return DateTime.formatIso(value)
  if (Option.isOption(value)) return Option.isSome(value) ? toJson(value.value) : null
  const fields = value as Readonly<Record<string, unknown>>
  const json: Record<string, unknown> = {}
  for (const name of Object.keys(fields)) json[name] = toJson(fields[name])
  return json
}

/**
 * The event as it is in what `SessionEventJson` encodes, beside the version, which the caller adds. For events that a
 * log gave: the schema would check each of them anew, which takes several times as long.
 */
export const sessionEventToJson = (event: SessionEvent): Schema.Json => toJson(event) as Schema.Json
