/** Port: how the front caches of all processes learn of endings. */
import { Context, Layer, Stream } from "effect"
import type { SessionId } from "./SessionId.ts"

/**
 * - `Ended`: the sessions are over for good.
 * - `Changed`: they live, with another secret: what is kept of them is out of date.
 * - `Listening`: from now on everything is told; what was told before may be lost.
 * - `Lost`: the channel is cut. Until it is `Listening` again nothing is told.
 */
export type CacheInvalidation =
  | {
    readonly _tag: "Ended" | "Changed"
    /** Those that it is about, of whatever users. */
    readonly sessionIds: ReadonlyArray<SessionId>
    /** When it happened, by the clock of the process that did it, in milliseconds since 1970. */
    readonly at: number
  }
  | { readonly _tag: "Listening" | "Lost" }

/** Port: news of what other processes ended or changed, for caches inside this one. */
export class CacheInvalidations extends Context.Service<CacheInvalidations, {
  /** Begins with `Listening` or `Lost`. Never ends and never fails; any number of consumers get the same. */
  readonly invalidations: Stream.Stream<CacheInvalidation>
}>()("@sojourn/core/CacheInvalidations") {
  /** For a single process: it tells its own front cache. */
  static readonly layerNone = Layer.succeed(CacheInvalidations, {
    invalidations: Stream.concat(Stream.succeed<CacheInvalidation>({ _tag: "Listening" }), Stream.never)
  })
}
