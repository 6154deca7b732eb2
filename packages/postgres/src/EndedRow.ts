/** Sessions that a statement ended, and the events that it wrote. */
import {
  type Ending,
  type Endings,
  EventId,
  type SessionEnd,
  type SessionEvent,
  SessionId,
  SessionRevoked,
  SessionsRevoked,
  type TokenReuse,
  UserId
} from "@sojourn/core"
import { type Option, Schema } from "effect"
import { DeviceColumn } from "./Details.ts"

const EndedRow = Schema.Struct({
  /** Null: the event for all. */
  session_id: Schema.NullOr(SessionId),
  /** Null: a session that ended shortly before. */
  event_id: Schema.NullOr(EventId),
  device: Schema.OptionFromNullOr(DeviceColumn)
})

export const decodeEnded = Schema.decodeUnknownEffect(Schema.Array(EndedRow))

/** The ended ids and the events, in the order in which the log has them. */
export const endings = (
  userId: UserId,
  exceptSessionId: Option.Option<SessionId>,
  { actor, at, reason }: SessionEnd,
  rows: ReadonlyArray<typeof EndedRow.Type>
): Endings => {
  const idsWhere = (isEnded: boolean) =>
    rows.flatMap(({ event_id, session_id }) =>
      session_id !== null && (event_id !== null) === isEnded ? [session_id] : []
    )
  const ended = idsWhere(true)
  return {
    ended,
    endedBefore: idsWhere(false),
    events: rows.flatMap(({ device, event_id: eventId, session_id }): ReadonlyArray<SessionEvent> =>
      eventId === null
        ? []
        : session_id === null
        ? [SessionsRevoked.make({ eventId, at, userId, actor, reason, count: ended.length, exceptSessionId })]
        : [SessionRevoked.make({ eventId, at, userId, actor, reason, sessionId: session_id, device })]
    )
  }
}

const EndingRow = Schema.Struct({
  user_id: UserId,
  /** Null: nothing was changed. */
  event_id: Schema.NullOr(EventId),
  device: Schema.OptionFromNullOr(DeviceColumn)
})

export const decodeEnding = Schema.decodeUnknownEffect(Schema.Array(EndingRow))

/** What ending one session did. */
export const ending = (
  sessionId: SessionId,
  { actor, at, reason }: SessionEnd,
  reuse: Option.Option<TokenReuse>,
  { device, event_id, user_id: userId }: typeof EndingRow.Type
): Ending => ({
  userId,
  changed: event_id !== null,
  events: event_id === null
    ? []
    : [SessionRevoked.make({ eventId: event_id, at, userId, actor, reason, sessionId, device, reuse })]
})
