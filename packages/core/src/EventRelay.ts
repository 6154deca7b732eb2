/** Carries the event log to a sink: at least once, in order, from one process at a time. */
import { Clock, Data, DateTime, Duration, Effect, Layer, Metric, Option, Result, Schedule } from "effect"
import { SecureRandom } from "effect/crypto"
import { EventLog, type LoggedEvent } from "./EventLog.ts"
import type { EventSink, SinkError } from "./EventSink.ts"
import { type RelayHolder, type RelayName, type RelayProgress, RelayRepo, SetAside } from "./RelayRepo.ts"
import { relayBehind, relayDelivered, relayRetries, relaySetAside } from "./SessionMetrics.ts"
import { toPrintable } from "./Text.ts"

export interface RelayOptions {
  /** The most events that go to the sink at once. Default: 500. */
  readonly batchSize?: number | undefined
  /** How often to look for new events at the end of the log. Default: every 100 milliseconds. */
  readonly every?: Duration.Input | undefined
  /** After how long without a sign of life another process takes over. Default: 3 seconds. */
  readonly lease?: Duration.Input | undefined
  /** How often an event that the sink rejects is tried before it is set aside. Default: 10 times, in about a minute. */
  readonly attempts?: number | undefined
  /** The longest pause between two attempts. They begin at 100 milliseconds and double. Default: 30 seconds. */
  readonly retryAtMost?: Duration.Input | undefined
  /** Where a relay begins that never ran before. Default: at the `beginning` of the log. */
  readonly from?: "beginning" | "end" | undefined
}

/** Another process runs the relay now. */
class LeaseLost extends Data.TaggedError("LeaseLost") {}

const settings = (options: RelayOptions) => ({
  batchSize: options.batchSize ?? 500,
  every: Duration.fromInputUnsafe(options.every ?? "100 millis"),
  lease: Duration.fromInputUnsafe(options.lease ?? "3 seconds"),
  attempts: options.attempts ?? 10,
  retryAtMost: Duration.fromInputUnsafe(options.retryAtMost ?? "30 seconds"),
  from: options.from ?? "beginning"
})
type Settings = ReturnType<typeof settings>

const pauses = ({ retryAtMost }: Settings) =>
  Schedule.exponential("100 millis").pipe(
    Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, retryAtMost))),
    Schedule.jittered
  )

/** Prolongs the lease while the process lives; fails when it is lost, at the latest when it runs out. */
const keep = Effect.fnUntraced(function*(run: RelayHolder, { from, lease }: Settings) {
  const repo = yield* RelayRepo
  const third = Duration.divideUnsafe(lease, 3)
  const told = Duration.toNanosUnsafe(third) * 2n
  let prolongedAt = yield* Clock.monotonicTimeNanos
  while (true) {
    yield* Effect.sleep(third)
    const askedAt = yield* Clock.monotonicTimeNanos
    const held = yield* Effect.result(Effect.timeout(repo.hold(run, lease, from), third))
    if (Result.isSuccess(held)) {
      if (Option.isNone(held.success)) return yield* new LeaseLost()
      const { head, position } = held.success.value
      yield* Metric.update(Metric.withAttributes(relayBehind, { relay: run.name }), Math.max(0, head - position))
      prolongedAt = askedAt
    } else if (askedAt - prolongedAt > told) {
      return yield* new LeaseLost()
    }
  }
})

/** Tries until the sink has taken something of the batch; fails when it has rejected it often enough. */
const attempt = <R>(run: RelayHolder, sink: EventSink<R>, options: Settings, batch: ReadonlyArray<LoggedEvent>) => {
  const most = batch.length === 1 ? options.attempts : 1
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
        Effect.logWarning(`Relay "${run.name}" tries again from position ${batch[0]?.position}: ${message}`)
      )
  }
  return sink(batch).pipe(
    Effect.withSpan("sojourn.relay.deliver", {
      attributes: { relay: run.name, "messaging.batch.message_count": batch.length }
    }),
    Effect.tapError(failed),
    Effect.retry({
      schedule: pauses(options),
      while: ({ delivered, reason }) => delivered === 0 && (reason === "Unavailable" || rejections < most)
    })
  )
}

/** Delivers a page. What is rejected as a batch is tried one by one, so that only what cannot be delivered is set aside. */
const deliver = Effect.fnUntraced(function*<R>(
  run: RelayHolder,
  sink: EventSink<R>,
  options: Settings,
  page: ReadonlyArray<LoggedEvent>
) {
  const repo = yield* RelayRepo
  const label = { relay: run.name }
  const advance = Effect.fnUntraced(function*(position: number, setAside: Option.Option<SetAside>) {
    if (!(yield* repo.advance(run, position, setAside))) return yield* new LeaseLost()
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
    const outcome = yield* Effect.result(attempt(run, sink, options, batch))
    const taken = Result.isSuccess(outcome) ? batch.length : outcome.failure.delivered
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

/** Reads on from a position for good; the next page is read while one is delivered. */
const pump = Effect.fnUntraced(function*<R>(
  run: RelayHolder,
  sink: EventSink<R>,
  options: Settings,
  { position: start }: RelayProgress
) {
  const log = yield* EventLog
  const read = (after: number) => log.read({ after, limit: options.batchSize, userId: Option.none() })
  let position = start
  let page: ReadonlyArray<LoggedEvent> = []
  while (true) {
    if (page.length === 0) {
      page = yield* read(position)
      if (page.length === 0) yield* Effect.sleep(options.every)
      continue
    }
    position = page.at(-1)?.position ?? position
    const more = page.length < options.batchSize ? Effect.delay(read(position), options.every) : read(position)
    const [next] = yield* Effect.all([more, deliver(run, sink, options, page)], { concurrency: 2 })
    page = next
  }
})

/**
 * Runs the relay of this name for good: takes it when no other process has it, reads the log from its durable position
 * on, hands the events to the sink in batches and then moves the position. So each event reaches the sink at least once,
 * in the order of the log, whatever dies in between.
 *
 * A sink that is away is tried again for as long as it takes, with growing pauses; that holds up this relay alone. An
 * event that the sink rejects `attempts` times is set aside, where `RelayRepo.setAside` shows it, and the relay goes on.
 * Never fails: when the store is away it waits for it.
 */
export const runRelay = Effect.fnUntraced(
  function*<R>(name: RelayName, sink: EventSink<R>, options: RelayOptions = {}) {
    const repo = yield* RelayRepo
    const random = yield* SecureRandom.SecureRandom
    const given = settings(options)
    const third = Duration.divideUnsafe(given.lease, 3)

    const turn = Effect.gen(function*() {
      const run = { name, holder: yield* random.uuidV7() }
      const held = yield* repo.hold(run, given.lease, given.from)
      if (Option.isNone(held)) return yield* Effect.sleep(third)
      yield* Effect.raceFirst(pump(run, sink, given, held.value), keep(run, given)).pipe(
        Effect.ensuring(Effect.ignore(Effect.timeout(repo.release(run), third)))
      )
    })
    return yield* turn.pipe(
      Effect.catchTag("LeaseLost", () => Effect.logInfo(`Relay "${name}" goes on in another process`)),
      Effect.catchTags({
        EventLogError: ({ message }) => paused(name, message),
        RelayError: ({ message }) => paused(name, message)
      }),
      Effect.forever
    )
  }
)

const paused = (name: RelayName, message: string) =>
  Effect.andThen(Effect.logWarning(`Relay "${name}" pauses for a second: ${message}`), Effect.sleep("1 second"))

/** Runs the relay for as long as the Layer lives. Any number of processes may do so: one delivers, the others stand by. */
export const layerRelay = <R>(
  name: RelayName,
  sink: EventSink<R>,
  options: RelayOptions = {}
): Layer.Layer<never, never, EventLog | RelayRepo | SecureRandom.SecureRandom | R> =>
  Layer.effectDiscard(Effect.forkScoped(runRelay(name, sink, options)))

/** Delivers what was set aside, by position, once the receiver takes it; gives how many. Stops at the first that fails. */
export const redeliver = Effect.fn("sojourn.redeliver")(function*<R>(name: RelayName, sink: EventSink<R>) {
  const repo = yield* RelayRepo
  const log = yield* EventLog
  const aside = yield* repo.setAside(name, 10_000)
  yield* Effect.forEach(
    aside,
    Effect.fnUntraced(function*({ eventId, position }) {
      const [found] = yield* log.read({ after: position - 1, limit: 1, userId: Option.none() })
      // What is past its retention is gone for good.
      if (found?.event.eventId === eventId) yield* sink([found])
      yield* repo.settle(name, position)
    }),
    { discard: true }
  )
  return aside.length
})
