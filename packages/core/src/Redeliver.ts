/** Delivers what a relay has set aside. */
import { Effect } from "effect"
import { EventLog, type EventLogError } from "./EventLog.ts"
import { delivering, type EventSink, type SinkError } from "./EventSink.ts"
import { type RelayError, type RelayName, RelayRepo } from "./RelayRepo.ts"

/**
 * Delivers what was set aside, by position, once the receiver takes it; gives how many. Events that are past their
 * retention are gone, and are forgotten here, too.
 *
 * Stops at the first that fails, with `SinkError`, `RelayError` or `EventLogError`. At least once: the event at which
 * it stopped, or was interrupted, comes again when it is run again, though the receiver may have taken it; those before
 * it do not. Two that run at the same time may deliver the same.
 */
export const redeliver: <R>(name: RelayName, sink: EventSink<R>) => Effect.Effect<
  number,
  SinkError | RelayError | EventLogError,
  EventLog | RelayRepo | R
> = Effect.fn("sojourn.redeliver")(function*<R>(name: RelayName, sink: EventSink<R>) {
  const repo = yield* RelayRepo
  const log = yield* EventLog
  let delivered = 0
  while (true) {
    const aside = yield* repo.setAside(name, 1000)
    if (aside.length === 0) return delivered
    for (const { eventId, position } of aside) {
      const page = yield* log.read({ after: position - 1, limit: 1 })
      const found = page.filter(({ event }) => event.eventId === eventId)
      if (found.length > 0) yield* delivering(() => sink(found))
      yield* repo.settle(name, position)
      delivered += found.length
    }
  }
})
