/** Session caches for tests: one that remembers what was written to it, and broken ones. */
import { type CachedSession, SessionCache, SessionCacheError, type SessionId, type UserId } from "@sojourn/core"
import { Effect, Layer } from "effect"

/** A write that reached the cache. */
export type Write =
  | { readonly operation: "put"; readonly session: CachedSession; readonly fenced: ReadonlyArray<SessionId> }
  | { readonly operation: "fill" | "touch"; readonly session: CachedSession }
  | { readonly operation: "fence"; readonly userId: UserId; readonly fenced: ReadonlyArray<SessionId> }

/** A cache over another one; `writes` grows with every write, which then goes on to the other one. */
export const recording = (): {
  readonly writes: ReadonlyArray<Write>
  readonly layer: Layer.Layer<SessionCache, never, SessionCache>
} => {
  const writes: Array<Write> = []
  const layer = Layer.effect(
    SessionCache,
    Effect.map(SessionCache, (cache) => ({
      ...cache,
      put: (session, fenced, now) =>
        Effect.andThen(
          Effect.sync(() => writes.push({ operation: "put", session, fenced })),
          cache.put(session, fenced, now)
        ),
      fill: (session, now) =>
        Effect.andThen(Effect.sync(() => writes.push({ operation: "fill", session })), cache.fill(session, now)),
      touch: (session, now) =>
        Effect.andThen(Effect.sync(() => writes.push({ operation: "touch", session })), cache.touch(session, now)),
      fence: (userId, fenced, now) =>
        Effect.andThen(
          Effect.sync(() => writes.push({ operation: "fence", userId, fenced })),
          cache.fence(userId, fenced, now)
        )
    }))
  )
  return { writes, layer }
}

const broken = (write: Effect.Effect<never, SessionCacheError>) =>
  // Another one each time, as its failures are told of only now and then.
  Layer.sync(SessionCache, () => ({
    put: () => write,
    fill: () => write,
    touch: () => write,
    fence: () => write,
    get: () => Effect.succeedNone,
    unfenced: () => write,
    index: () => write
  }))

/** An unreachable cache: reads are a miss, writes fail. */
export const failing: Layer.Layer<SessionCache> = broken(
  Effect.fail(
    new SessionCacheError({ operation: "write", message: "The cache is away", cause: "SessionCacheTest.failing" })
  )
)

/** A cache with a bug: writes die. */
export const defective: Layer.Layer<SessionCache> = broken(Effect.die("SessionCacheTest.defective"))
