/** A cache that cannot be written fails nobody: it heals by itself. */
import { Cause, Clock, Duration, Effect, Metric } from "effect"
import { SessionCache, SessionCacheError } from "./SessionCache.ts"
import { cacheErrors } from "./SessionMetrics.ts"

const warningInterval = Duration.toNanosUnsafe("30 seconds")

/** Until when nothing more is said about a cache that fails. */
const quietUntil = new WeakMap<SessionCache["Service"], bigint>()

/** All failures are counted, and one is logged every half minute. */
const cacheFailed = (cache: SessionCache["Service"], why: unknown) =>
  Effect.flatMap(Clock.monotonicTimeNanos, (now) => {
    const counted = Metric.update(cacheErrors, 1)
    if (now < (quietUntil.get(cache) ?? now)) return counted
    quietUntil.set(cache, now + warningInterval)
    return Effect.andThen(
      Effect.logWarning("The session cache could not be written; entries heal within the staleness bound", why),
      counted
    )
  })

/** The failure is told to the log and to the metrics only. */
export const tolerate = (cache: SessionCache["Service"], write: () => Effect.Effect<void, SessionCacheError>) =>
  Effect.suspend(write).pipe(
    Effect.catchCause((cause) => {
      const why = Cause.squash(cause)
      return cacheFailed(cache, why instanceof SessionCacheError ? why.message : why)
    })
  )
