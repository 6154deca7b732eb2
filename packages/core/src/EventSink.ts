/** Where a relay takes events to. */
import { Effect, Schema } from "effect"
import type { LoggedEvent } from "./EventLog.ts"

/**
 * The events were not taken.
 * - `Unavailable`: the receiver cannot be reached or is overloaded. It is tried again for as long as that takes.
 * - `Rejected`: it does not want this event. After some attempts the event is set aside and the relay goes on.
 *
 * `delivered`: how many of the batch, from its beginning, were taken nevertheless. Default: none.
 */
export class SinkError extends Schema.TaggedError<SinkError>()("SinkError", {
  reason: Schema.Literals(["Unavailable", "Rejected"]),
  message: Schema.String,
  delivered: Schema.Int.pipe(Schema.withConstructorDefault(Effect.succeed(0))),
  cause: Schema.Defect()
}) {}

/**
 * Takes a batch of events, in order. When it has succeeded they are never sent again; otherwise they are, so that an
 * event may come more than once, with the same `eventId` and the same position.
 */
export type EventSink<R = never> = (events: ReadonlyArray<LoggedEvent>) => Effect.Effect<void, SinkError, R>

const messageOf = (error: unknown) => error instanceof Error && error.message !== "" ? error.message : String(error)

/**
 * Any function of an event as a sink: called for one event after the other. Its failures and defects count as
 * `Rejected`, unless they are a `SinkError`, which says it itself.
 */
export const sinkEach =
  <E, R>(deliver: (event: LoggedEvent) => Effect.Effect<unknown, E, R>): EventSink<R> => (events) =>
    Effect.forEach(events, (event, delivered) =>
      deliver(event).pipe(
        Effect.catchDefect((defect) => Effect.fail(defect)),
        Effect.mapError((cause) =>
          cause instanceof SinkError
            ? new SinkError({ ...cause, message: cause.message, delivered })
            : new SinkError({ reason: "Rejected", message: messageOf(cause), delivered, cause })
        )
      ), { discard: true })
