/** Caches what was read from the store. */
import { Context, type DateTime, Effect } from "effect"
import type { CachedSession } from "./CachedSession.ts"
import { SessionCache } from "./SessionCache.ts"
import { SessionRepo } from "./SessionRepo.ts"

/**
 * Never fails: a cache that cannot be written is told by its own metrics. What was read in a transaction of the caller's is
 * not cached: it may be undone, or be older than what others have committed since.
 */
export const fillCache = (session: CachedSession, now: DateTime.Utc) =>
  Effect.contextWith((context: Context.Context<SessionCache | SessionRepo>) =>
    Context.get(context, SessionRepo).isInTransaction?.(context) === true
      ? Effect.void
      : Effect.ignore(Context.get(context, SessionCache).fill(session, now))
  )
