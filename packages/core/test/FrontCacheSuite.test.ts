import { CacheInvalidations, FrontCache, SessionCacheInProcess } from "@sojourn/core"
import * as SessionCacheSuite from "@sojourn/testing/SessionCacheSuite"
import { Layer } from "effect"
import { TestClock } from "effect/testing"

/** Its own clock stands at 1970, so that it keeps what the suite asks for in times before today's. */
const front = FrontCache.layer().pipe(
  Layer.provide(TestClock.layer()),
  Layer.provide(Layer.mergeAll(SessionCacheInProcess.layer(), CacheInvalidations.layerNone))
)

SessionCacheSuite.suite("front cache, in process", front, { frontTimeToLive: "5 seconds" })
