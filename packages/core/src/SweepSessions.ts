/** End what is due, and delete what is old. */
import { Context, DateTime, Duration, Effect, Layer, Schedule } from "effect"
import { announce } from "./Announce.ts"
import { EventLog } from "./EventLog.ts"
import type { SessionEvent } from "./SessionEvent.ts"
import type { SessionId } from "./SessionId.ts"
import { SessionRepo } from "./SessionRepo.ts"
import type { UserId } from "./User.ts"

/** How long ended sessions and events are kept. Default: 90 days, and 365 days. */
export const Retention = Context.Reference<
  { readonly sessions: Duration.Duration; readonly events: Duration.Duration }
>(
  "@sojourn/core/Retention",
  { defaultValue: () => ({ sessions: Duration.days(90), events: Duration.days(365) }) }
)

const batchSize = 500

const byUser = (events: ReadonlyArray<SessionEvent>) => {
  const users = new Map<UserId, { readonly ended: Array<SessionId>; readonly events: Array<SessionEvent> }>()
  for (const event of events) {
    const of = users.get(event.userId) ?? { ended: [], events: [] }
    of.events.push(event)
    if ("sessionId" in event) of.ended.push(event.sessionId)
    users.set(event.userId, of)
  }
  return users
}

/** Repeats while a whole batch was there to do; how many there were. */
const inBatches = <E, R>(batch: Effect.Effect<number, E, R>): Effect.Effect<number, E, R> =>
  Effect.flatMap(
    batch,
    (done) => done < batchSize ? Effect.succeed(done) : Effect.map(inBatches(batch), (more) => done + more)
  )

/**
 * Ends expired and idle sessions, each with its reason and event, in batches that other work can come between; then
 * deletes sessions and events that are past their `Retention`. May be stopped and started anywhere, and run by several.
 */
export const sweepSessions = Effect.fn("sojourn.sweepSessions")(function*() {
  const repo = yield* SessionRepo
  const log = yield* EventLog
  const retention = yield* Retention
  const now = yield* DateTime.now
  const ended = yield* inBatches(Effect.gen(function*() {
    const events = yield* repo.sweep(now, batchSize)
    yield* Effect.forEach(
      byUser(events),
      ([userId, of]) => announce({ userId, now, ended: of.ended, events: of.events }),
      { discard: true }
    )
    return events.length
  }))
  const purgedSessions = yield* inBatches(
    repo.purge(DateTime.subtractDuration(now, retention.sessions), batchSize)
  )
  const purgedEvents = yield* inBatches(log.purge(DateTime.subtractDuration(now, retention.events), batchSize))
  return { ended, purgedSessions, purgedEvents }
})

/** Sweeps at intervals for as long as the Layer lives. Default: every 30 seconds. A sweep that fails is logged. */
export const layerSweeper = (interval: Duration.Input = "30 seconds") =>
  Layer.effectDiscard(
    sweepSessions().pipe(
      Effect.catchCause((cause) => Effect.logWarning("A sweep failed and will be tried again", cause)),
      Effect.repeat(Schedule.spaced(interval)),
      Effect.forkScoped
    )
  )
