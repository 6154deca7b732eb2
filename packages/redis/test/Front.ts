/** A front cache over Redis, as the suites and the processes of a test use it. */
import { CacheInvalidations, FrontCache } from "@sojourn/core"
import { CacheInvalidationsRedis, SessionCacheRedis } from "@sojourn/redis"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"

/** Waits until the channel is listened to. */
export const listening = CacheInvalidations.use(({ invalidations }) =>
  invalidations.pipe(Stream.takeUntil(({ _tag }) => _tag === "Listening"), Stream.runDrain)
)

/**
 * A front cache that already listens when the Layer is built. Its own clock stands at 1970, so that it keeps what the
 * suite asks for in times before today's.
 */
export const inFront = (options: SessionCacheRedis.Options) =>
  Layer.effectDiscard(Effect.andThen(listening, Effect.sleep("20 millis"))).pipe(
    Layer.provideMerge(FrontCache.layer().pipe(Layer.provide(TestClock.layer()))),
    Layer.provide(Layer.mergeAll(SessionCacheRedis.layer(options), CacheInvalidationsRedis.layer(options)))
  )
