/** Port: a fast copy of active sessions, never needed to be right. */
import { Context, type DateTime, Duration, type Effect, type Option, Schema } from "effect"
import type { CachedSession } from "./CachedSession.ts"
import type { SessionId } from "./SessionId.ts"
import type { RoutingTag } from "./SessionToken.ts"
import type { UserId } from "./User.ts"

/** A write did not reach the cache. It heals by itself within the staleness bound. */
export class SessionCacheError extends Schema.TaggedError<SessionCacheError>()("SessionCacheError", {
  operation: Schema.String,
  message: Schema.String,
  cause: Schema.Defect()
}) {}

/** How long an entry may live without being confirmed by the store. Default: 60 seconds. */
export const StalenessBound = Context.Reference<Duration.Duration>("@sojourn/core/StalenessBound", {
  defaultValue: () => Duration.seconds(60)
})

/**
 * Holds entries for active sessions, each for the shorter of its remaining life and the staleness bound, and an index
 * of each user's session ids. Ending a session leaves a tombstone that no late `fill` can overwrite ("fence").
 * Every operation is one round trip. Where the server cannot be reached, reads are a miss and writes fail; nothing
 * takes longer than the configured timeout. Values that cannot be read count as a miss and are removed.
 */
export class SessionCache extends Context.Service<SessionCache, {
  /** Caches a new session and fences those that were ended for it, all of the same user, at once. */
  readonly put: (
    session: CachedSession,
    fenced: ReadonlyArray<SessionId>,
    now: DateTime.Utc
  ) => Effect.Effect<void, SessionCacheError>
  /** Caches a session that was read from the store, unless there is an entry or a tombstone already. */
  readonly fill: (session: CachedSession, now: DateTime.Utc) => Effect.Effect<void, SessionCacheError>
  /** The entry, if there is one and it is active at `now`. Never fails: an unreachable cache has no entries. */
  readonly get: (
    sessionId: SessionId,
    tag: RoutingTag,
    now: DateTime.Utc
  ) => Effect.Effect<Option.Option<CachedSession>>
  /** Removes the user's sessions from the cache and its index, and keeps late fills out. */
  readonly fence: (
    userId: UserId,
    sessionIds: ReadonlyArray<SessionId>,
    now: DateTime.Utc
  ) => Effect.Effect<void, SessionCacheError>
  /** The user's session ids in the index that are active at `now`, by expiry. None for an unknown user. */
  readonly index: (userId: UserId, now: DateTime.Utc) => Effect.Effect<ReadonlyArray<SessionId>, SessionCacheError>
}>()("@sojourn/core/SessionCache") {}
