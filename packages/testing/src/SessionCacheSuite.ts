/** What every `SessionCache` must do, whatever keeps the entries. */
import { it } from "@effect/vitest"
import type { SessionCache } from "@sojourn/core"
import { Duration, type Layer } from "effect"
import { sessionCacheEntryCases } from "./internal/sessionCacheEntryCases.ts"
import { sessionCacheFenceCases } from "./internal/sessionCacheFenceCases.ts"
import { sessionCacheIndexCases } from "./internal/sessionCacheIndexCases.ts"
import { sessionCacheTouchCases } from "./internal/sessionCacheTouchCases.ts"

/** What the suite must know of the Layer. */
export interface Options {
  /** The staleness bound that the Layer was built with. Default: 55 seconds. */
  readonly stalenessBound?: Duration.Input
  /** How long a front cache before it may answer by itself. Default: there is none. */
  readonly frontTimeToLive?: Duration.Input
  /** How long the Layer may take to build. Default: 30 seconds. */
  readonly timeout?: Duration.Input
}

/**
 * Registers the suite. Time is the `now` that every operation is given: an entry must be over by it, whatever clock the
 * cache itself goes by. Sessions and users are new in every case, so the Layer may keep what it has.
 */
export const suite = (name: string, cache: Layer.Layer<SessionCache, unknown>, options: Options = {}) => {
  const bound = Duration.fromInputUnsafe(options.stalenessBound ?? "55 seconds")
  const bounds = { bound, total: Duration.sum(bound, Duration.fromInputUnsafe(options.frontTimeToLive ?? 0)) }

  it.layer(cache, { excludeTestServices: true, timeout: options.timeout ?? "30 seconds" })(
    `SessionCache (${name})`,
    (it) => {
      sessionCacheEntryCases(it, bounds)
      sessionCacheIndexCases(it)
      sessionCacheFenceCases(it, bounds)
      sessionCacheTouchCases(it, bounds)
    }
  )
}
