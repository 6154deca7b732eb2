/** Delivers what a relay has set aside. */
import { Effect, Option } from "effect"
import { EventLog } from "./EventLog.ts"
import { delivering, type EventSink } from "./EventSink.ts"
import { type RelayName, RelayRepo } from "./RelayRepo.ts"

/**
 * Delivers what was set aside, by position, once the receiver takes it; gives how many. Stops at the first that fails.
 * Events that are past their retention are gone, and are forgotten here, too.
 */
export const redeliver = Effect.fn("sojourn.redeliver")(function*<R>(name: RelayName, sink: EventSink<R>) {
  const repo = yield* RelayRepo
  const log = yield* EventLog
  const aside = yield* repo.setAside(name, 10_000)
  const delivered = yield* Effect.forEach(
    aside,
    Effect.fnUntraced(function*({ eventId, position }) {
      const page = yield* log.read({ after: position - 1, limit: 1, userId: Option.none() })
      const found = page.filter(({ event }) => event.eventId === eventId)
      if (found.length > 0) yield* delivering(() => sink(found))
      yield* repo.settle(name, position)
      return found.length
    })
  )
  return delivered.reduce((sum, one) => sum + one, 0)
})
