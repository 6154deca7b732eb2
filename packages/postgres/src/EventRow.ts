/** An event as the view `event_details` tells it. */
import {
  Actor,
  type EndReason,
  type EventId,
  IpAddress,
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
  type TokenReuse,
  type UserId
} from "@sojourn/core"
import { DateTime, Option, Result, Schema } from "effect"
import { type DeviceArray, deviceOf, type LocationArray, locationOf } from "./Details.ts"
import { addressFromInet } from "./Inet.ts"
import { unchecked } from "./Rows.ts"

/** The columns, as the driver gives them: what this package wrote. */
export interface EventRow {
  readonly position: bigint
  readonly event_id: EventId
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
  readonly device: DeviceArray | null
  readonly location: LocationArray | null
  /** Null in events that do not tell it. */
  readonly expires_at: Date
}

/** A row that this version cannot read. */
export class UnreadableEvent extends Schema.TaggedError<UnreadableEvent>()("UnreadableEvent", {
  position: Schema.Int,
  cause: Schema.Defect()
}) {
  override get message() {
    return `The event at position ${this.position} cannot be read: it was changed by hand, or written by a newer ` +
      "version of Sojourn; update this one"
  }
}

const actorOf = ({ actor_id, actor_kind: kind, user_id }: EventRow, ipAddress: Option.Option<IpAddress>): Actor =>
  kind === "system" && actor_id === null && Option.isNone(ipAddress)
    ? system
    : new Actor({
      kind: kind ?? "user",
      id: kind === null ? Option.some(user_id) : Option.fromNullOr(actor_id),
      ipAddress
    }, unchecked)

const ipAddressOf = ({ actor_ip }: EventRow) =>
  actor_ip === null ? Option.none() : Option.some(IpAddress.make(addressFromInet(actor_ip), unchecked))

const about = (row: EventRow, ipAddress = ipAddressOf(row)) => ({
  eventId: row.event_id,
  at: DateTime.fromDateUnsafe(row.at),
  userId: row.user_id,
  actor: actorOf(row, ipAddress),
  sessionId: row.session_id
})

const device = (row: EventRow) => row.device === null ? Option.none() : Option.some(deviceOf(row.device))

const expiryReason = Schema.decodeUnknownSync(SessionExpired.fields.reason)

/** Types are checked, patterns and ranges, which take longer, are not: they were when the event was made. */
const readers: { readonly [Tag in SessionEvent["_tag"]]: (row: EventRow) => SessionEvent } = {
  SessionCreated: (row) => {
    // A login came from where its actor was.
    const ipAddress = ipAddressOf(row)
    return new SessionCreated({
      ...about(row, ipAddress),
      device: device(row),
      ipAddress,
      location: row.location === null ? Option.none() : Option.some(locationOf(row.location)),
      expiresAt: DateTime.fromDateUnsafe(row.expires_at)
    }, unchecked)
  },
  SessionEvicted: (row) =>
    new SessionEvicted({
      ...about(row),
      reason: "session_limit_exceeded",
      device: device(row),
      evictedBy: Option.fromNullOr(row.evicted_by)
    }, unchecked),
  SessionRevoked: (row) =>
    new SessionRevoked({
      ...about(row),
      reason: row.data.reason,
      device: device(row),
      reuse: Option.fromUndefinedOr(row.data.reuse)
    }, unchecked),
  SessionsRevoked: (row) => {
    const { sessionId: _all, ...fields } = about(row)
    const { count, exceptSessionId, reason } = row.data
    return new SessionsRevoked(
      { ...fields, reason, count, exceptSessionId: Option.fromUndefinedOr(exceptSessionId) },
      unchecked
    )
  },
  SessionExpired: (row) =>
    new SessionExpired({ ...about(row), reason: expiryReason(row.data.reason), device: device(row) }, unchecked),
  SessionRotated: (row) => new SessionRotated(about(row), unchecked),
  SessionTrusted: (row) => new SessionTrusted(about(row), unchecked),
  SuspiciousActivityRecorded: (row) =>
    new SuspiciousActivityRecorded({ ...about(row), count: row.data.count }, unchecked)
}

const reading = <A>(rows: ReadonlyArray<EventRow>, read: (row: EventRow) => A) => {
  let position = 0
  return Result.try({
    try: () =>
      rows.map((row) => {
        position = Number(row.position)
        return read(row)
      }),
    catch: (cause) => new UnreadableEvent({ position, cause })
  })
}

/** The events that a statement has just written. */
export const toEvents = (rows: ReadonlyArray<EventRow>): Result.Result<ReadonlyArray<SessionEvent>, UnreadableEvent> =>
  reading(rows, (row) => readers[row.type](row))

/** The events and their positions. */
export const toLoggedEvents = (
  rows: ReadonlyArray<EventRow>
): Result.Result<ReadonlyArray<LoggedEvent>, UnreadableEvent> =>
  reading(rows, (row) => new LoggedEvent({ position: Number(row.position), event: readers[row.type](row) }, unchecked))
