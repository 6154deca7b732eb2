/** The name of an event. */
import { Brand, Schema } from "effect"
import type { SessionId } from "./SessionId.ts"

/** A UUID that stays with the event wherever it is delivered, so that a subscriber can tell a repetition. */
export const EventId = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, {
    expected: "a lower-case UUID"
  })
).pipe(Schema.brand("@sojourn/core/EventId"))
export type EventId = typeof EventId.Type

const asEventId = Brand.nominal<EventId>()

/**
 * What happens to a session once has an id that follows from the session's: a UUIDv8 (RFC 9562, section 5.8), which differs
 * from it in the version and the digit after that, and keeps its time and 70 of its random bits. So whoever knows the
 * session knows the event's id, and nobody has to make, send or store one.
 */
const onceOf = (id: SessionId, kind: "c" | "e"): EventId => asEventId(`${id.slice(0, 14)}8${kind}${id.slice(16)}`)

/** Of the session's `SessionCreated`. */
export const createdEventId = (id: SessionId): EventId => onceOf(id, "c")

/** Of the event that tells of the session's end: its `SessionEvicted`, `SessionRevoked` or `SessionExpired`. */
export const endedEventId = (id: SessionId): EventId => onceOf(id, "e")
