/**
 * An event as an entry of the stream. Its id is `<position>-0`, its fields, in this order:
 * - `event`: the event as JSON, in the wire form `SessionEventJson`, which carries its own version.
 * - `eventId` and `type`: the same as in `event`, for readers that do not parse it.
 * - `previous`: the position of the entry before this one when it was added, 0 for the first; a reader that has not seen
 *   that one has missed it.
 */
import { type LoggedEvent, type SessionEvent, SessionEventJson, sessionEventToJson } from "@sojourn/core"
import { Option, Schema } from "effect"

/** The name of the stream under a prefix. */
export const key = (prefix: string): string => `${prefix}:events`

/** What the script `append` takes for an event. */
export const toArguments = ({ event, position }: LoggedEvent): ReadonlyArray<string> => [
  String(position),
  event.eventId,
  event._tag,
  JSON.stringify({ version: 1, event: sessionEventToJson(event) })
]

/** None for what this version cannot read. */
export const fromFields = (fields: ReadonlyArray<string>): Option.Option<SessionEvent> => {
  const at = fields.findIndex((name, index) => index % 2 === 0 && name === "event")
  return at < 0 ? Option.none() : Option.map(decode(fields[at + 1]), ({ event }) => event)
}
const decode = Schema.decodeUnknownOption(Schema.fromJsonString(SessionEventJson))
