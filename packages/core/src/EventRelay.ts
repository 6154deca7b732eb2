/** Carries the event log to a sink: at least once, in order, from one process at a time. */
import { type Cause, Clock, Duration, Effect, Layer, Metric, Option, Schedule } from "effect"
import { SecureRandom } from "effect/crypto"
import { atMostEvery } from "./AtMostEvery.ts"
import { EventLog } from "./EventLog.ts"
import type { EventSink } from "./EventSink.ts"
import { deliverPage, LeaseLost } from "./RelayDelivery.ts"
import { type RelayHolder, type RelayName, type RelayProgress, RelayRepo } from "./RelayRepo.ts"
import { remember } from "./Remember.ts"
import { relayBehind } from "./SessionMetrics.ts"
import type { StoreFailure } from "./StoreError.ts"

/** How a relay reads, waits and gives up; every part has a default. */
export interface RelayOptions {
  /** The most events that go to the sink at once; less than 1 counts as 1. Default: 500. */
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

const settings = (options: RelayOptions) => {
  const lease = Duration.fromInputUnsafe(options.lease ?? "3 seconds")
  return {
    batchSize: Math.max(1, options.batchSize ?? 500),
    every: Duration.fromInputUnsafe(options.every ?? "100 millis"),
    lease,
    third: Duration.divideUnsafe(lease, 3),
    attempts: options.attempts ?? 10,
    retryAtMost: Duration.fromInputUnsafe(options.retryAtMost ?? "30 seconds"),
    from: options.from ?? "beginning"
  }
}
type Settings = ReturnType<typeof settings>

const tellBehind = (run: RelayHolder, { head, position }: RelayProgress) =>
  Metric.update(Metric.withAttributes(relayBehind, { relay: run.name }), Math.max(0, head - position))

/** Prolongs the lease while the process lives; fails when another has it, or when it has run out. */
const keep = Effect.fnUntraced(function*(run: RelayHolder, heldAt: bigint, { from, lease, third }: Settings) {
  const repo = yield* RelayRepo
  let prolongedAt = heldAt
  while (true) {
    yield* Effect.sleep(third)
    const askedAt = yield* Clock.monotonicTimeNanos
    const held = yield* Effect.timeout(repo.hold(run, lease, from), third).pipe(
      Effect.retry(Schedule.spaced(Duration.divideUnsafe(third, 10))),
      // It tries for good.
      Effect.orDie,
      Effect.timeoutOrElse({
        duration: Duration.subtract(lease, Duration.nanos(askedAt - prolongedAt)),
        orElse: () => Effect.succeedNone
      })
    )
    if (Option.isNone(held)) return yield* new LeaseLost()
    yield* tellBehind(run, held.value)
    prolongedAt = askedAt
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
  const read = (after: number) => log.read({ after, limit: options.batchSize })
  let position = start
  let page = yield* read(position)
  while (true) {
    const before = position
    position = page.at(-1)?.position ?? position
    const more = page.length < options.batchSize ? Effect.delay(read(position), options.every) : read(position)
    const [next] = yield* Effect.all([more, deliverPage(run, sink, options, page, before)], { concurrency: 2 })
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

    const turn = Effect.gen(function*() {
      const run = { name, holder: yield* random.uuidV7() }
      const heldAt = yield* Clock.monotonicTimeNanos
      const held = yield* repo.hold(run, given.lease, given.from)
      if (Option.isNone(held)) return yield* Effect.sleep(given.third)
      yield* tellBehind(run, held.value)
      return yield* Effect.raceFirst(pump(run, sink, given, held.value), keep(run, heldAt, given)).pipe(
        Effect.ensuring(Effect.ignore(Effect.timeout(repo.release(run), given.third))),
        // Resets the gauge: only the process that runs the relay knows how far behind it is.
        Effect.ensuring(tellBehind(run, { position: 0, head: 0 }))
      )
    })
    // Apart, as another reason is news though the first one has just been told.
    const rarely = remember((_reason: StoreFailure | "Unexpected") => atMostEvery("30 seconds"))
    const pause = (reason: StoreFailure | "Unexpected", why: string, ...cause: ReadonlyArray<Cause.Cause<never>>) =>
      Effect.andThen(
        rarely(reason)(Effect.logWarning(`Relay "${name}" pauses, and tries again every second: ${why}`, ...cause)),
        Effect.sleep("1 second")
      )
    return yield* turn.pipe(
      Effect.catchTags({
        LeaseLost: () => Effect.logInfo(`Relay "${name}" has lost its lease here; whoever takes it goes on`),
        EventLogError: ({ message, reason }) => pause(reason, message),
        RelayError: ({ message, reason }) => pause(reason, message)
      }),
      // Whatever it was: no event is lost, and whoever takes the relay goes on.
      Effect.catchCause((cause) => pause("Unexpected", "something unexpected has failed", cause)),
      Effect.forever
    )
  }
)

/** Runs the relay for as long as the Layer lives. Any number of processes may do so: one delivers, the others stand by. */
export const layerRelay = <R>(
  name: RelayName,
  sink: EventSink<R>,
  options: RelayOptions = {}
): Layer.Layer<never, never, EventLog | RelayRepo | SecureRandom.SecureRandom | R> =>
  Layer.effectDiscard(Effect.forkScoped(runRelay(name, sink, options)))
