/** Where a relay takes events to. */
import { Cause, Effect, Schema } from "effect"
import type { LoggedEvent } from "./EventLog.ts"

/** The events were not taken. */
export class SinkError extends Schema.TaggedError<SinkError>()("SinkError", {
  /**
   * - `Unavailable`: the receiver cannot be reached or is overloaded. It is tried again for as long as that takes.
   * - `Rejected`: it does not want this event. After some attempts the event is set aside and the relay goes on.
   */
  reason: Schema.Literals(["Unavailable", "Rejected"]),
  /** Why, for a person. It is logged, and kept with what is set aside: no secret belongs in it. */
  message: Schema.String,
  /** How many of the batch, from its beginning, were taken nevertheless. Default: 0. */
  delivered: Schema.Int.pipe(Schema.withConstructorDefault(Effect.succeed(0))),
  /** What the receiver failed with. Default: undefined, nothing is known. */
  cause: Schema.Defect().pipe(Schema.withConstructorDefault(Effect.undefined))
}) {}

/**
 * Takes a batch of events, in order. When it has succeeded they are never sent again; otherwise they are, so that an
 * event may come more than once, with the same `eventId` and the same position.
 *
 * `after`: the position up to which the log was delivered before, by whatever process; absent where events are delivered
 * out of the log's order, as by `redeliver`.
 */
export type EventSink<R = never> = (
  events: ReadonlyArray<LoggedEvent>,
  after?: number
) => Effect.Effect<void, SinkError, R>

const messageOf = (error: unknown) => error instanceof Error && error.message !== "" ? error.message : String(error)

/** Runs a sink, or a part of it. What it fails with or dies of counts as `Rejected`, unless it is a `SinkError`. */
export const delivering = <E, R>(
  deliver: () => Effect.Effect<unknown, E, R>,
  delivered?: number
): Effect.Effect<void, SinkError, R> =>
  Effect.catchCause(Effect.asVoid(Effect.suspend(deliver)), (failed) => {
    const cause = Cause.squash(failed)
    const { message, reason } = cause instanceof SinkError
      ? cause
      : { message: messageOf(cause), reason: "Rejected" as const }
    const before = delivered ?? (cause instanceof SinkError ? cause.delivered : 0)
    return Effect.fail(new SinkError({ reason, message, delivered: before, cause }))
  })

/**
 * Any function of an event as a sink: called for one event after the other. Its failures and defects count as
 * `Rejected`, unless they are a `SinkError`, which says it itself.
 */
export const sinkEach =
  <E, R>(deliver: (event: LoggedEvent) => Effect.Effect<unknown, E, R>): EventSink<R> => (events) =>
    Effect.forEach(events, (event, nth) => delivering(() => deliver(event), nth), { discard: true })
