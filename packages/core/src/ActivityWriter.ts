/** Writes down, off the requests' path, that sessions were used. */
import { Cause, Context, DateTime, Duration, Effect, Latch, Layer, Option } from "effect"
import { CachedSession } from "./CachedSession.ts"
import { type Activity, CredentialRepo } from "./CredentialRepo.ts"
import { dropOldest } from "./DropOldest.ts"
import { SessionCache } from "./SessionCache.ts"
import type { SessionId } from "./SessionId.ts"
import { SessionRepoError } from "./SessionRepo.ts"

interface Pending {
  readonly session: CachedSession
  readonly activity: Activity
}

const flushEvery = Duration.seconds(1)
const batchSize = 500
/** Activities that the store would not take while it was away; beyond it the oldest are let go. */
const capacity = 10_000

/** How far apart two recorded activities of a session are at least: a tenth of its idle timeout, at most a minute. */
const interval = (session: CachedSession): Duration.Duration =>
  Option.match(session.idleTimeout, {
    onNone: () => Duration.minutes(1),
    onSome: (idle) => Duration.min(Duration.minutes(1), Duration.divideUnsafe(idle, 10))
  })

const whyOf = (cause: Cause.Cause<SessionRepoError>) => {
  const error = Cause.squash(cause)
  return error instanceof SessionRepoError ? error.message : error
}

/** Gathers activities and writes them in batches, once a second and when the Layer closes. */
export class ActivityWriter extends Context.Service<ActivityWriter, {
  readonly record: (session: CachedSession, activity: Activity) => Effect.Effect<void>
}>()("@sojourn/core/ActivityWriter") {
  static readonly layer: Layer.Layer<ActivityWriter, never, CredentialRepo | SessionCache> = Layer.effect(
    ActivityWriter,
    Effect.gen(function*() {
      const repo = yield* CredentialRepo
      const cache = yield* SessionCache
      const pending = new Map<SessionId, Pending>()
      /** What was recorded last of each session, for callers who keep an old copy of it. */
      const recorded = new Map<SessionId, DateTime.Utc>()
      // Open while something waits to be written, so that a writer with nothing to do does not wake up.
      const waiting = yield* Latch.make()

      /** What would come too late is let go: who was counted as idle meanwhile does not come back. */
      const take = Effect.map(DateTime.now, (now) => {
        const batch = [...pending.values()].slice(0, batchSize)
        for (const { session } of batch) pending.delete(session.id)
        return batch.filter(({ session }) => session.isActive(now))
      })
      const putBack = (batch: ReadonlyArray<Pending>) => {
        for (const item of batch) {
          if (!pending.has(item.session.id) && pending.size < capacity) pending.set(item.session.id, item)
        }
        waiting.openUnsafe()
      }
      const toCache = ({ activity, session }: Pending) =>
        Effect.ignore(cache.touch(CachedSession.make({ ...session, lastActivityAt: activity.at }), activity.at))

      const flush: Effect.Effect<void> = Effect.suspend(() =>
        Effect.flatMap(take, (batch) =>
          batch.length === 0
            ? pending.size === 0 ? Effect.void : flush
            : repo.touch(batch.map(({ activity }) => activity)).pipe(
              Effect.andThen(Effect.forEach(batch, toCache, { concurrency: "unbounded", discard: true })),
              Effect.andThen(flush),
              Effect.onInterrupt(() => Effect.sync(() => putBack(batch))),
              // Whatever it was: the writer must go on.
              Effect.catchCause((cause) =>
                Effect.sync(() => putBack(batch)).pipe(
                  Effect.andThen(
                    Effect.logWarning("Activity could not be written and will be tried again", whyOf(cause))
                  )
                )
              )
            ))
      )
      yield* Effect.addFinalizer(() => flush)
      const gather = waiting.await.pipe(
        Effect.andThen(Effect.sleep(flushEvery)),
        Effect.andThen(waiting.close),
        Effect.andThen(flush)
      )
      yield* Effect.forkScoped(Effect.forever(gather))

      return {
        record: (session, activity) =>
          Effect.sync(() => {
            const last = DateTime.max(recorded.get(session.id) ?? session.lastActivityAt, session.lastActivityAt)
            const current = CachedSession.make({ ...session, lastActivityAt: last })
            if (DateTime.isLessThan(activity.at, DateTime.addDuration(last, interval(session)))) return
            if (!current.isActive(activity.at)) return
            if (pending.size >= capacity) pending.delete(pending.keys().next().value!)
            pending.set(session.id, { session: current, activity })
            recorded.delete(session.id)
            recorded.set(session.id, activity.at)
            dropOldest(recorded, capacity)
            waiting.openUnsafe()
          })
      }
    })
  )
}
