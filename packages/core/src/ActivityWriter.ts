/** Writes down, off the requests' path, that sessions were used. */
import { Cause, Context, DateTime, Duration, Effect, Latch, Layer, Option } from "effect"
import { CachedSession } from "./CachedSession.ts"
import { type Activity, CredentialRepo } from "./CredentialRepo.ts"
import { dropOldest } from "./DropOldest.ts"
import { instance } from "./Instance.ts"
import { idleAtMillis } from "./Lifetime.ts"
import { SessionCache } from "./SessionCache.ts"
import type { SessionId } from "./SessionId.ts"
import { SessionRepoError } from "./SessionRepo.ts"

interface Pending {
  readonly session: CachedSession
  readonly activity: Activity
}

const flushEvery = Duration.seconds(1)
/** What cannot wait for that is written no more often than so, with whatever has come meanwhile. */
const flushSoon = Duration.millis(10)
const batchSize = 500
/** Activities that the store would not take while it was away; beyond it the oldest are let go. */
const capacity = 10_000

const minute = 60_000

/** How far apart two recorded activities of a session are at least: a tenth of its idle timeout, at most a minute. */
const intervalMillis = ({ idleTimeout }: CachedSession): number =>
  Option.isNone(idleTimeout) ? minute : Math.min(minute, Duration.toMillis(idleTimeout.value) / 10)

/** Whether the session goes idle before what is recorded at this time is surely written. */
const isUrgent = (session: CachedSession, at: DateTime.Utc): boolean => {
  const idleAt = idleAtMillis(session)
  return idleAt < session.expiresAt.epochMilliseconds &&
    idleAt < at.epochMilliseconds + 2 * Duration.toMillis(flushEvery)
}

const usedAt = (session: CachedSession, lastActivityAt: DateTime.Utc): CachedSession =>
  instance(CachedSession, { ...session, lastActivityAt })

const whyOf = (cause: Cause.Cause<SessionRepoError>) => {
  const error = Cause.squash(cause)
  return error instanceof SessionRepoError ? error.message : error
}

/** Gathers activities and writes them in batches, once a second and when the Layer closes. */
export class ActivityWriter extends Context.Service<ActivityWriter, {
  /** Keeps the activity to be written, unless one was recorded a moment ago or the session is over. Never waits. */
  readonly record: (session: CachedSession, activity: Activity) => Effect.Effect<void>
}>()("@sojourn/core/ActivityWriter") {
  /** For one process; what is still to be written when the Layer closes is written then. */
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
      // Open when the next regular write would come too late for one of them.
      const urgent = yield* Latch.make()
      /** Whether the store did not take the last batch: it is asked again in its time, whatever is urgent. */
      let isAway = false

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
        Effect.ignore(cache.touch(usedAt(session, activity.at), activity.at))

      const flush: Effect.Effect<void> = Effect.suspend(() =>
        Effect.flatMap(take, (batch) =>
          batch.length === 0
            ? pending.size === 0 ? Effect.void : flush
            : repo.touch(batch.map(({ activity }) => activity)).pipe(
              Effect.andThen(Effect.suspend(() => {
                isAway = false
                return Effect.forEach(batch, toCache, { concurrency: "unbounded", discard: true })
              })),
              Effect.andThen(flush),
              Effect.onInterrupt(() => Effect.sync(() => putBack(batch))),
              // Whatever it was: the writer must go on.
              Effect.catchCause((cause) =>
                Effect.suspend(() => {
                  putBack(batch)
                  isAway = true
                  return Effect.logWarning("Activity could not be written and will be tried again", whyOf(cause))
                })
              )
            ))
      )
      yield* Effect.addFinalizer(() => flush)
      const gather = waiting.await.pipe(
        Effect.andThen(Effect.suspend(() =>
          isAway
            ? Effect.sleep(flushEvery)
            : Effect.raceFirst(Effect.sleep(flushEvery), Effect.delay(urgent.await, flushSoon))
        )),
        Effect.andThen(Effect.all([waiting.close, urgent.close])),
        Effect.andThen(flush)
      )
      yield* Effect.forkScoped(Effect.forever(gather))

      return {
        record: (session, activity) =>
          Effect.sync(() => {
            const before = recorded.get(session.id)
            const { lastActivityAt } = session
            const last = before !== undefined && DateTime.isLessThan(lastActivityAt, before) ? before : lastActivityAt
            // Most are let go here, so nothing is made before.
            if (activity.at.epochMilliseconds < last.epochMilliseconds + intervalMillis(session)) return
            const current = usedAt(session, last)
            if (!current.isActive(activity.at)) return
            if (pending.size >= capacity) pending.delete(pending.keys().next().value!)
            pending.set(session.id, { session: current, activity })
            recorded.delete(session.id)
            recorded.set(session.id, activity.at)
            dropOldest(recorded, capacity)
            waiting.openUnsafe()
            if (isUrgent(current, activity.at)) urgent.openUnsafe()
          })
      }
    })
  )
}
