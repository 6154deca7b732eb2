/** Repeats to the session cache the endings that it may have missed. */
import { DateTime, Duration, Effect, Layer } from "effect"
import type { SecureRandom } from "effect/crypto"
import type { EventLog, LoggedEvent } from "./EventLog.ts"
import { layerRelay, type RelayOptions } from "./EventRelay.ts"
import { type EventSink, SinkError } from "./EventSink.ts"
import type { RelayName, RelayRepo } from "./RelayRepo.ts"
import { SessionCache, StalenessPromise } from "./SessionCache.ts"

/** The session that ended, with its user. */
const ending = ({ event }: LoggedEvent) =>
  event._tag === "SessionEvicted" || event._tag === "SessionRevoked" || event._tag === "SessionExpired" ? [event] : []

/**
 * Fences the sessions whose end the cache has missed, in one round trip a user, after one for all to see which these are.
 * Endings older than twice the `StalenessPromise` are left out: no cache holds anything from before them.
 */
export const cacheRepair: EventSink<SessionCache> = Effect.fnUntraced(function*(events) {
  const cache = yield* SessionCache
  const now = yield* DateTime.now
  const oldest = DateTime.subtractDuration(now, Duration.times(yield* StalenessPromise, 2))
  const recent = events.flatMap(ending).filter(({ at }) => DateTime.isGreaterThan(at, oldest))
  if (recent.length === 0) return
  yield* cache.unfenced(recent, now).pipe(
    Effect.flatMap((missed) =>
      Effect.forEach(
        Map.groupBy(missed, ({ userId }) => userId),
        ([userId, endings]) => cache.fence(userId, endings.map(({ sessionId }) => sessionId), now),
        { concurrency: 64, discard: true }
      )
    ),
    Effect.mapError((cause) => new SinkError({ reason: "Unavailable", message: cause.message, cause }))
  )
})

/** Repairs the cache for as long as the Layer lives, a few seconds after it is back at the latest. */
export const layerCacheRepair = (
  name: RelayName,
  options: RelayOptions = {}
): Layer.Layer<never, never, SessionCache | EventLog | RelayRepo | SecureRandom.SecureRandom> =>
  layerRelay(name, cacheRepair, { retryAtMost: "1 second", ...options })
