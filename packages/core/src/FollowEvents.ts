/** Reads the event log on and on. */
import { Duration, Effect, Option, Schedule, Stream } from "effect"
import { EventLog, type EventLogError, type EventQuery, type LoggedEvent } from "./EventLog.ts"

/** Which events, from where on. */
export type EventRange = Omit<EventQuery, "limit">

const pageSize = 500

const pageAfter = (range: EventRange, after: number) =>
  EventLog.use((log) => log.read({ ...range, after, limit: pageSize }))

const end = (page: ReadonlyArray<LoggedEvent>) => Option.map(Option.fromUndefinedOr(page.at(-1)), last)
const last = ({ position }: LoggedEvent) => position

/** The events to the end of the log, read page by page as they are asked for. */
export const readEvents = (range: EventRange): Stream.Stream<LoggedEvent, EventLogError, EventLog> =>
  Stream.paginate(
    range.after,
    (after) =>
      Effect.map(pageAfter(range, after), (page) => [page, page.length < pageSize ? Option.none() : end(page)] as const)
  )

/**
 * The events after a position and those to come, in order, for good. At the end of the log it looks for more at
 * intervals (default: 250 milliseconds). To go on where it was stopped, begin after the last position that was handled.
 */
export const followEvents = (
  range: EventRange,
  every: Duration.Input = "250 millis"
): Stream.Stream<LoggedEvent, EventLogError, EventLog> =>
  Stream.paginate(range.after, (after) =>
    pageAfter(range, after).pipe(
      Effect.repeat({ until: (page) => page.length > 0, schedule: Schedule.spaced(every) }),
      Effect.map((page) => [page, end(page)] as const)
    ))
