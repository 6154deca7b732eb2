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
const about = { eventId: EventId, at: Instant, userId: UserId, actor: Actor }
const aboutSession = { ...about, sessionId: SessionId }

/** Somebody logged in. */
export class SessionCreated extends Schema.TaggedClass<SessionCreated>()("SessionCreated", {
  ...aboutSession,
  device: optional(Device),
  ipAddress: optional(IpAddress),
  location: optional(Location),
  expiresAt: Instant
}) {}

/** A session ended to hold the user's limit. `evictedBy` is the login that took its place, if it was one. */
export class SessionEvicted extends Schema.TaggedClass<SessionEvicted>()("SessionEvicted", {
  ...aboutSession,
  reason: Schema.Literal("session_limit_exceeded"),
  device: optional(Device),
  evictedBy: optional(SessionId)
}) {}

/**
 * How a replaced token was used again: the one before the current, after its grace (a `late_retry`, as it may be), or an
 * older one (a `theft`).
 */
export const TokenReuse = Schema.Literals(["late_retry", "theft"])
export type TokenReuse = typeof TokenReuse.Type

/** Somebody, or a rule other than the limit, ended a session. `reuse`: for the reason `rotation_reuse`. */
export class SessionRevoked extends Schema.TaggedClass<SessionRevoked>()("SessionRevoked", {
  ...aboutSession,
  reason: EndReason,
  device: optional(Device),
  reuse: optional(TokenReuse)
}) {}

/** Several sessions of a user were ended at once; each of them has its own `SessionRevoked` beside this one. */
export class SessionsRevoked extends Schema.TaggedClass<SessionsRevoked>()("SessionsRevoked", {
  ...about,
  reason: EndReason,
  count: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  exceptSessionId: optional(SessionId)
}) {}

/** A session reached its absolute end, or went too long without activity. */
export class SessionExpired extends Schema.TaggedClass<SessionExpired>()("SessionExpired", {
  ...aboutSession,
  reason: Schema.Literals(["expired", "idle"]),
  device: optional(Device)
}) {}

/** The session's token was replaced by a new one. */
export class SessionRotated extends Schema.TaggedClass<SessionRotated>()("SessionRotated", aboutSession) {}

/** The user marked the session's device as trusted. */
export class SessionTrusted extends Schema.TaggedClass<SessionTrusted>()("SessionTrusted", aboutSession) {}

/** Something about the session looked wrong; `count` says how often by now. */
export class SuspiciousActivityRecorded extends Schema.TaggedClass<SuspiciousActivityRecorded>()(
  "SuspiciousActivityRecorded",
  { ...aboutSession, count: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)) }
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
export const SessionEventJson = Schema.toCodecJson(Schema.Struct({ version: Schema.Literal(1), event: SessionEvent }))

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
 * The event as `SessionEventJson` encodes it, for events that a log gave. The schema would check each of them anew, which
 * takes several times as long.
 */
export const sessionEventToJson = (event: SessionEvent): Schema.Json => toJson(event) as Schema.Json
