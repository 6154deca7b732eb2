/** An event as a row with the columns of the view `event_details` tells it. */
import {
  Actor,
  createdEventId,
  endedEventId,
  EndReason,
  type EventId,
  type IpAddress,
  LoggedEvent,
  SessionCreated,
  type SessionEvent,
  SessionEvicted,
  SessionExpired,
  type SessionId,
  SessionRevoked,
  SessionRotated,
  SessionsRevoked,
  SessionTrusted,
  SuspiciousActivityRecorded,
  system,
  TokenReuse,
  type UserId
} from "@sojourn/core"
import { instance } from "@sojourn/core/Instance"
import { DateTime, Option, Result } from "effect"
import { type DeviceColumn, deviceOf, type LocationColumn, locationOf } from "./Details.ts"
import { addressOf } from "./Inet.ts"
import { integer, oneOf, optionalText, text, UnreadableRow } from "./Rows.ts"

/** The columns to select. */
export const eventColumns =
  "position, event_id, type, at, user_id, session_id, evicted_by, actor_kind, actor_id, actor_ip, " +
  "data, device::text AS device, location::text AS location, expires_at"

/** The columns, as the driver gives them: what this package wrote. */
export interface EventRow {
  readonly position: bigint
  /** Null: it follows from the session's. */
  readonly event_id: EventId | null
  readonly type: SessionEvent["_tag"]
  readonly at: Date
  readonly user_id: UserId
  /** Null in the event for all, which does not tell it. */
  readonly session_id: SessionId
  readonly evicted_by: SessionId | null
  /** Null: the user themselves. */
  readonly actor_kind: Actor["kind"] | null
  readonly actor_id: string | null
  readonly actor_ip: string | null
  /** What else the event tells, without what is absent; null if that is nothing. */
  readonly data: {
    readonly reason: EndReason
    readonly reuse?: TokenReuse
    readonly count: number
    readonly exceptSessionId?: SessionId
  }
  readonly device: DeviceColumn | null
  readonly location: LocationColumn | null
  /** Null in events that do not tell it. */
  readonly expires_at: Date
}

const actorKind = oneOf(Actor.fields.kind.literals)

const actorOf = ({ actor_id, actor_kind: kind, user_id }: EventRow, ipAddress: Option.Option<IpAddress>): Actor =>
  kind === "system" && actor_id === null && Option.isNone(ipAddress)
    ? system
    : instance(Actor, {
      kind: kind === null ? "user" : actorKind(kind),
      id: kind === null ? Option.some(user_id) : Option.fromNullOr(actor_id),
      ipAddress
    })

const eventIdOf = ({ event_id, session_id, type }: EventRow): EventId =>
  event_id ?? (type === "SessionCreated" ? createdEventId(session_id) : endedEventId(session_id))

const about = (row: EventRow, ipAddress = addressOf(row.actor_ip)) => ({
  eventId: eventIdOf(row),
  at: DateTime.fromDateUnsafe(row.at),
  userId: row.user_id,
  actor: actorOf(row, ipAddress)
})

const aboutSession = (row: EventRow, ipAddress = addressOf(row.actor_ip)) => ({
  ...about(row, ipAddress),
  sessionId: text(row.session_id)
})

const reason = oneOf(EndReason.literals)
const expiryReason = oneOf(SessionExpired.fields.reason.literals)
const tokenReuse = oneOf(TokenReuse.literals)

/** Types are checked, patterns and ranges, which take longer, are not: they were when the event was made. */
const readers: { readonly [Tag in SessionEvent["_tag"]]: (row: EventRow) => SessionEvent } = {
  SessionCreated: (row) => {
    // A login came from where its actor was.
    const ipAddress = addressOf(row.actor_ip)
    return instance(SessionCreated, {
      _tag: "SessionCreated",
      ...aboutSession(row, ipAddress),
      device: deviceOf(row.device),
      ipAddress,
      location: locationOf(row.location),
      expiresAt: DateTime.fromDateUnsafe(row.expires_at)
    })
  },
  SessionEvicted: (row) =>
    instance(SessionEvicted, {
      _tag: "SessionEvicted",
      ...aboutSession(row),
      reason: "session_limit_exceeded",
      device: deviceOf(row.device),
      evictedBy: Option.fromNullOr(row.evicted_by)
    }),
  SessionRevoked: (row) =>
    instance(SessionRevoked, {
      _tag: "SessionRevoked",
      ...aboutSession(row),
      reason: reason(row.data.reason),
      device: deviceOf(row.device),
      reuse: Option.map(Option.fromUndefinedOr(row.data.reuse), tokenReuse)
    }),
  SessionsRevoked: (row) =>
    instance(SessionsRevoked, {
      _tag: "SessionsRevoked",
      ...about(row),
      reason: reason(row.data.reason),
      count: integer(row.data.count),
      exceptSessionId: optionalText(row.data.exceptSessionId)
    }),
  SessionExpired: (row) =>
    instance(SessionExpired, {
      _tag: "SessionExpired",
      ...aboutSession(row),
      reason: expiryReason(row.data.reason),
      device: deviceOf(row.device)
    }),
  SessionRotated: (row) => instance(SessionRotated, { _tag: "SessionRotated", ...aboutSession(row) }),
  SessionTrusted: (row) => instance(SessionTrusted, { _tag: "SessionTrusted", ...aboutSession(row) }),
  SuspiciousActivityRecorded: (row) =>
    instance(SuspiciousActivityRecorded, {
      _tag: "SuspiciousActivityRecorded",
      ...aboutSession(row),
      count: integer(row.data.count)
    })
}

const reading = <A>(rows: ReadonlyArray<EventRow>, read: (row: EventRow) => A) => {
  let position = 0
  return Result.try({
    try: () =>
      rows.map((row) => {
        position = Number(row.position)
        return read(row)
      }),
    catch: (cause) => new UnreadableRow({ what: `The event at position ${position}`, cause })
  })
}

/** The events that a statement has just written. */
export const toEvents = (rows: ReadonlyArray<EventRow>): Result.Result<ReadonlyArray<SessionEvent>, UnreadableRow> =>
  reading(rows, (row) => readers[row.type](row))

/** The events and their positions. */
export const toLoggedEvents = (
  rows: ReadonlyArray<EventRow>
): Result.Result<ReadonlyArray<LoggedEvent>, UnreadableRow> =>
  reading(rows, (row) => instance(LoggedEvent, { position: Number(row.position), event: readers[row.type](row) }))
