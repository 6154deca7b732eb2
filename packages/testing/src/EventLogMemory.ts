/** The event log over the events that the in-memory repository wrote. */
import { EventLog, LoggedEvent, type SessionEvent } from "@sojourn/core"
import { Effect, Option } from "effect"

/** Reads `events` as they are at that moment; the first has the position 1. */
export const make = (events: ReadonlyArray<SessionEvent>): EventLog["Service"] =>
  EventLog.of({
    read: ({ after, limit, userId }) =>
      Effect.sync(() => {
        const read: Array<LoggedEvent> = []
        for (let at = Math.max(after, 0); at < events.length && read.length < limit; at++) {
          const event = events[at]!
          if (Option.isNone(userId) || userId.value === event.userId) {
            read.push(LoggedEvent.make({ position: at + 1, event }))
          }
        }
        return read
      })
  })
