/** Sessions that the statement `end_all` ended, and the events that it wrote. */
import {
  Device,
  EventId,
  type SessionEnd,
  SessionId,
  SessionRevoked,
  SessionsRevoked,
  type UserId
} from "@sojourn/core"
import { type Option, Schema } from "effect"

const EndedRow = Schema.Struct({
  /** Null in the last row: the event for all. */
  session_id: Schema.NullOr(SessionId),
  event_id: EventId,
  device: Schema.OptionFromNullOr(Schema.toCodecJson(Device))
})

export const decodeEnded = Schema.decodeUnknownEffect(Schema.Array(EndedRow))

/** The ended ids and the events, in the order in which the log has them. */
export const endings = (
  userId: UserId,
  exceptSessionId: Option.Option<SessionId>,
  end: SessionEnd,
  rows: ReadonlyArray<typeof EndedRow.Type>
) => {
  const ended = rows.flatMap((row) => row.session_id === null ? [] : [row.session_id])
  const { actor, at, reason } = end
  return {
    ended,
    events: rows.map(({ device, event_id, session_id }) =>
      session_id === null
        ? SessionsRevoked.make({ eventId: event_id, at, userId, actor, reason, count: ended.length, exceptSessionId })
        : SessionRevoked.make({ eventId: event_id, at, userId, actor, reason, sessionId: session_id, device })
    )
  }
}
