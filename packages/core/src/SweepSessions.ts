/** End what is due, and delete what is old. */
import { Context, DateTime, Duration, Effect, Layer, Result, Schedule } from "effect"
import { announce } from "./Announce.ts"
import { complete } from "./CommitThenTell.ts"
import type { EventBus } from "./EventBus.ts"
import { EventLog, type EventLogError } from "./EventLog.ts"
import type { SessionCache } from "./SessionCache.ts"
import type { SessionEvent } from "./SessionEvent.ts"
import { SessionRepo, type SessionRepoError } from "./SessionRepo.ts"

/** For how long to keep what is over. */
export interface RetentionTimes {
  /** Ended sessions, from their end. Default: 90 days. */
  readonly sessions: Duration.Duration
  /** Events, from when they happened. Default: 365 days. */
  readonly events: Duration.Duration
}

/**
 * How long ended sessions and events are kept. Default: 90 days, and 365 days.
 *
 * Read by `sweepSessions`: around the call, or in the fiber that `layerSweeper` starts when it is built. So for the
 * latter provide it to the Layer, as in `Layer.provide(layer, Layer.succeed(Retention, …))`: around a handler, or
 * beside the Layer, it changes nothing.
 */
export const Retention = Context.Reference<RetentionTimes>("@sojourn/core/Retention", {
  defaultValue: () => ({ sessions: Duration.days(90), events: Duration.days(365) })
})

const batchSize = 500

/** Repeats while there was something to do; how much there was. */
const inBatches = <E, R>(batch: Effect.Effect<number, E, R>): Effect.Effect<number, E, R> =>
  Effect.flatMap(
    batch,
    (done) => done === 0 ? Effect.succeed(0) : Effect.map(inBatches(batch), (more) => done + more)
  )

/** What a sweep did. */
export interface Swept {
  /** How many sessions it ended, as `expired` or `idle`. */
  readonly ended: number
  /** How many ended sessions it deleted, past their retention. */
  readonly purgedSessions: number
  /** How many events it deleted, past theirs. */
  readonly purgedEvents: number
}

/**
 * Ends expired and idle sessions, each with its reason and event, in batches that other work can come between; then
 * deletes sessions and events that are past their `Retention`. May be stopped and started anywhere, and run by several. Fails
 * with the first failure, after all three were tried.
 */
export const sweepSessions: () => Effect.Effect<
  Swept,
  SessionRepoError | EventLogError,
  SessionRepo | EventLog | SessionCache | EventBus
> = Effect.fn("sojourn.sweepSessions")(function*() {
  const repo = yield* SessionRepo
  const log = yield* EventLog
  const retention = yield* Retention
  const now = yield* DateTime.now
  const tell = (events: ReadonlyArray<SessionEvent>) =>
    Effect.forEach(
      Map.groupBy(events, ({ userId }) => userId),
      ([userId, events]) =>
        announce({
          userId,
          now,
          ended: events.flatMap((event) => "sessionId" in event ? [event.sessionId] : []),
          events
        }),
      { discard: true }
    )
  // What a commit has ended is told even if the sweeper is stopped meanwhile: nobody sweeps it again.
  const endDue = complete(Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      restore(repo.sweep(now, batchSize)),
      (events) => Effect.as(repo.afterCommit(tell(events)), events.length)
    )
  ))
  const swept = yield* Effect.all({
    ended: inBatches(endDue),
    purgedSessions: inBatches(repo.purge(DateTime.subtractDuration(now, retention.sessions), batchSize)),
    purgedEvents: inBatches(log.purge(DateTime.subtractDuration(now, retention.events), batchSize))
  }, { mode: "result" })
  return yield* Effect.fromResult(Result.all(swept))
})

/** Sweeps at intervals for as long as the Layer lives. Default: every 30 seconds. A sweep that fails is logged. */
export const layerSweeper = (
  interval: Duration.Input = "30 seconds"
): Layer.Layer<never, never, SessionRepo | EventLog | SessionCache | EventBus> =>
  Layer.effectDiscard(
    sweepSessions().pipe(
      Effect.catchCause((cause) => Effect.logWarning("A sweep failed and will be tried again", cause)),
      Effect.repeat(Schedule.spaced(interval)),
      Effect.forkScoped
    )
  )
