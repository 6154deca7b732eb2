/** Port: a fast copy of active sessions, never needed to be right. */
import { Context, type DateTime, Duration, type Effect, type Option, Schema } from "effect"
import type { CachedSession } from "./CachedSession.ts"
import type { SessionId } from "./SessionId.ts"
import type { RoutingTag, SecretHash } from "./SessionToken.ts"
import type { UserId } from "./User.ts"

/** A write did not reach the cache. It heals by itself within the staleness bound. */
export class SessionCacheError extends Schema.TaggedError<SessionCacheError>()("SessionCacheError", {
  /** The method of the cache: `put`, `fence`, … */
  operation: Schema.String,
  /** Why, for a person: one line with what to do. It holds no secret. */
  message: Schema.String,
  /** What the cache's own client failed with. */
  cause: Schema.Defect()
}) {}

/**
 * How long an entry may live without being confirmed by the store. Default: 55 seconds.
 *
 * Read when the Layer of a cache is built: `SessionCacheInProcess`, `SessionCacheRedis` and `FrontCache`, which need
 * the same. So provide it to the Layer that is composed of them, as in
 * `Layer.provide(layer, Layer.succeed(StalenessBound, Duration.seconds(30)))`. Around a handler it changes nothing.
 */
export const StalenessBound = Context.Reference<Duration.Duration>("@sojourn/core/StalenessBound", {
  defaultValue: () => Duration.seconds(55)
})

/**
 * How long an ended session may be accepted at the very most, when everything that tells of its end is away. What all
 * caches together may take is held against it. Default: 60 seconds.
 *
 * Read when the Layer of `FrontCache` is built, which refuses more, and by `cacheRepair` at each batch, in the fiber
 * that `layerCacheRepair` starts when it is built. So provide it to the Layer that is composed of them, as
 * `StalenessBound`.
 */
export const StalenessPromise = Context.Reference<Duration.Duration>("@sojourn/core/StalenessPromise", {
  defaultValue: () => Duration.seconds(60)
})

/**
 * Holds entries for active sessions, each for the shorter of its remaining life and the staleness bound, and an index
 * of each user's session ids. Ending a session leaves a tombstone that no late `fill` can overwrite ("fence").
 * Every operation is one round trip. Where the server cannot be reached, reads are a miss and writes fail; nothing
 * takes longer than the configured timeout. Values that cannot be read count as a miss and are removed.
 */
export class SessionCache extends Context.Service<SessionCache, {
  /**
   * Caches a session that is new or has a new secret, and fences those that were ended for it, all of the same user, at
   * once. Whatever the order in which they arrive, a tombstone stays, and an earlier secret does not replace a later one,
   * and trust is kept.
   */
  readonly put: (
    session: CachedSession,
    fenced: ReadonlyArray<SessionId>,
    now: DateTime.Utc
  ) => Effect.Effect<void, SessionCacheError>
  /** Caches a session that was read from the store, unless there is an entry or a tombstone already. */
  readonly fill: (session: CachedSession, now: DateTime.Utc) => Effect.Effect<void, SessionCacheError>
  /**
   * Puts the session in the place of its entry: only if there is one, with the same secret, and no tombstone; so an
   * ended session stays ended and a rotated one keeps its new secret; and only if its activity is not older. It is no
   * confirmation by the store: the entry lives no longer for it.
   */
  readonly touch: (session: CachedSession, now: DateTime.Utc) => Effect.Effect<void, SessionCacheError>
  /** The entry, if there is one and it is active at `now`. Never fails: an unreachable cache has no entries. */
  readonly get: (
    sessionId: SessionId,
    tag: RoutingTag,
    now: DateTime.Utc
  ) => Effect.Effect<Option.Option<CachedSession>>
  /**
   * The entry, where it is at hand in this process and its secret has this hash, without an effect; `get` is for all
   * else. Only a cache in front of another one offers it. It compares as `isSameHash` does, and as long when there is
   * no entry. `now` is in milliseconds: to make a `DateTime` takes as long as to look it up.
   */
  readonly peek?: ((sessionId: SessionId, hash: SecretHash, now: number) => CachedSession | undefined) | undefined
  /** Removes the user's sessions from the cache and its index, and keeps late fills out. */
  readonly fence: (
    userId: UserId,
    sessionIds: ReadonlyArray<SessionId>,
    now: DateTime.Utc
  ) => Effect.Effect<void, SessionCacheError>
  /** Those of the sessions, of whatever users, that have no tombstone; the ended ones among them are still to be fenced. */
  readonly unfenced: <S extends { readonly userId: UserId; readonly sessionId: SessionId }>(
    sessions: ReadonlyArray<S>,
    now: DateTime.Utc
  ) => Effect.Effect<ReadonlyArray<S>, SessionCacheError>
  /** The user's session ids in the index that are active at `now`, by expiry. None for an unknown user. */
  readonly index: (userId: UserId, now: DateTime.Utc) => Effect.Effect<ReadonlyArray<SessionId>, SessionCacheError>
}>()("@sojourn/core/SessionCache") {}
