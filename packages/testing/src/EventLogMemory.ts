/** The event log over the events that the in-memory repository wrote. */
import { checkEventQuery, EventLog } from "@sojourn/core"
import { Effect } from "effect"
import type { EventTable } from "./internal/EventTable.ts"

/** Reads the events as they are at that moment; the first has the position 1. */
export const make = (events: EventTable): EventLog["Service"] =>
  EventLog.of({
    read: (query) => Effect.andThen(checkEventQuery(query), Effect.sync(() => events.read(query))),
    purge: (before, limit) => Effect.sync(() => events.purge(before, limit))
  })
