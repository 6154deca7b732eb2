/** Delivers a page of the log to a sink, and says so durably. */
import { Data, DateTime, Duration, Effect, Metric, Option, Result, Schedule } from "effect"
import type { LoggedEvent } from "./EventLog.ts"
import { delivering, type EventSink, type SinkError } from "./EventSink.ts"
import { type RelayHolder, RelayRepo, SetAside } from "./RelayRepo.ts"
import { relayDelivered, relayRetries, relaySetAside } from "./SessionMetrics.ts"
import { toPrintable } from "./Text.ts"

/** This process does not hold the relay any more. */
export class LeaseLost extends Data.TaggedError("LeaseLost") {}

/** When a relay gives up. */
export interface Patience {
  /** How often an event that is rejected is tried. */
  readonly attempts: number
  /** The longest pause between two attempts. */
  readonly retryAtMost: Duration.Duration
}

const pauses = ({ retryAtMost }: Patience) =>
  Schedule.exponential("100 millis").pipe(
    Schedule.jittered,
    Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, retryAtMost)))
  )

/**
 * Tries until the sink has taken at least a part of the batch. Fails with the sink's error when it took only a part, or
 * rejected it too often.
 */
const attempt = <R>(
  run: RelayHolder,
  sink: EventSink<R>,
  patience: Patience,
  batch: ReadonlyArray<LoggedEvent>,
  after: number
) => {
  // What is rejected as a batch is tried one by one, so that only what cannot be delivered is set aside.
  const most = batch.length === 1 ? patience.attempts : 1
  let failures = 0
  let rejections = 0
  const failed = ({ delivered, message, reason }: SinkError) => {
    if (delivered > 0) return Effect.void
    if (reason === "Rejected") rejections++
    const counted = Metric.update(Metric.withAttributes(relayRetries, { relay: run.name }), 1)
    return failures++ > 0
      ? counted
      : Effect.andThen(
        counted,
        Effect.logWarning(
          `Relay "${run.name}" cannot deliver from position ${batch[0]?.position} on: ${toPrintable(message, 500)}`
        )
      )
  }
  return delivering(() => sink(batch, after)).pipe(
    Effect.withSpan("sojourn.relay.deliver", {
      kind: "producer",
      attributes: { relay: run.name, "messaging.batch.message_count": batch.length }
    }),
    Effect.tapError(failed),
    Effect.retry({
      schedule: pauses(patience),
      while: ({ delivered, reason }) => delivered === 0 && (reason === "Unavailable" || rejections < most)
    })
  )
}

/** Delivers the whole page, which begins after that position, or sets parts of it aside; fails when another process holds the relay. */
export const deliverPage = Effect.fnUntraced(function*<R>(
  run: RelayHolder,
  sink: EventSink<R>,
  patience: Patience,
  page: ReadonlyArray<LoggedEvent>,
  start: number
) {
  const repo = yield* RelayRepo
  const label = { relay: run.name }
  let after = start
  const advance = Effect.fnUntraced(function*(position: number, setAside: Option.Option<SetAside>) {
    if (!(yield* repo.advance(run, position, setAside))) return yield* new LeaseLost()
    after = position
  })
  const putAside = Effect.fnUntraced(function*({ event, position }: LoggedEvent, error: SinkError) {
    const message = toPrintable(error.message, 500)
    const at = yield* DateTime.now
    yield* advance(position, Option.some(SetAside.make({ position, eventId: event.eventId, message, at })))
    yield* Metric.update(Metric.withAttributes(relaySetAside, label), 1)
    yield* Effect.logError(`Relay "${run.name}" has set the event at position ${position} aside: ${message}`)
  })

  let rest = page
  let alone = false
  while (rest.length > 0) {
    const batch = alone ? rest.slice(0, 1) : rest
    const outcome = yield* Effect.result(attempt(run, sink, patience, batch, after))
    const taken = Result.isSuccess(outcome) ? batch.length : Math.min(outcome.failure.delivered, batch.length)
    const last = batch[taken - 1]
    const [first] = batch
    if (last !== undefined) {
      yield* advance(last.position, Option.none())
      yield* Metric.update(Metric.withAttributes(relayDelivered, label), taken)
      rest = rest.slice(taken)
    } else if (batch.length > 1) {
      alone = true
    } else if (Result.isFailure(outcome) && first !== undefined) {
      yield* putAside(first, outcome.failure)
      rest = rest.slice(1)
      alone = false
    }
  }
})
