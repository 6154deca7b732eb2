/** An event as the table `session_events` holds it. */
import { LoggedEvent, SessionEvent } from "@sojourn/core"
import { Schema } from "effect"

/** The columns of the row, as the driver gives them. */
export interface EventRow {
  readonly position: bigint
  readonly event_id: string
  readonly type: string
  readonly at: Date
  readonly user_id: string
  readonly session_id: string | null
  readonly actor_kind: string
  readonly actor_id: string | null
  readonly data: Record<string, unknown>
}

const decodeEvent = Schema.decodeUnknownEffect(Schema.toCodecJson(SessionEvent))
const decodeLogged = Schema.decodeUnknownEffect(Schema.toCodecJson(LoggedEvent))

const eventJson = (row: Omit<EventRow, "position">) => ({
  ...row.data,
  _tag: row.type,
  eventId: row.event_id,
  at: row.at.toISOString(),
  userId: row.user_id,
  ...(row.session_id === null ? {} : { sessionId: row.session_id }),
  actor: { kind: row.actor_kind, id: row.actor_id }
})

/** The event that a statement has just written. */
export const toEvent = (row: Omit<EventRow, "position">) => decodeEvent(eventJson(row))

/** The event and its position. */
export const toLoggedEvent = (row: EventRow) => decodeLogged({ position: Number(row.position), event: eventJson(row) })
