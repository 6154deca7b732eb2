/** A cache that cannot be written fails nobody: it heals by itself. */
import { Cause, Effect, Function, Metric } from "effect"
import { atMostEvery } from "./AtMostEvery.ts"
import { SessionCache, SessionCacheError } from "./SessionCache.ts"
import { cacheErrors } from "./SessionMetrics.ts"

/** Of each cache that fails. */
const rarely = Function.memoize((_cache: SessionCache["Service"]) => atMostEvery("30 seconds"))

/** All failures are counted, and one is logged every half minute. */
const cacheFailed = (cache: SessionCache["Service"], why: unknown) =>
  rarely(cache)(
    Effect.logWarning("The session cache could not be written; entries heal within the staleness bound", why)
  ).pipe(Effect.andThen(Metric.update(cacheErrors, 1)))

/** The failure is told to the log and to the metrics only. */
export const tolerate = (cache: SessionCache["Service"], write: () => Effect.Effect<void, SessionCacheError>) =>
  Effect.suspend(write).pipe(
    Effect.catchCause((cause) => {
      const why = Cause.squash(cause)
      return cacheFailed(cache, why instanceof SessionCacheError ? why.message : why)
    })
  )
