/** Tells cache and subscribers what a commit did. */
import { Context, type DateTime, Effect } from "effect"
import type { CachedSession } from "./CachedSession.ts"
import { EventBus } from "./EventBus.ts"
import { publish } from "./Publish.ts"
import { SessionCache } from "./SessionCache.ts"
import type { SessionEvent } from "./SessionEvent.ts"
import type { SessionId } from "./SessionId.ts"
import { sessionsCreated, sessionsEndedFor } from "./SessionMetrics.ts"
import { tolerate } from "./TolerateCache.ts"
import type { UserId } from "./User.ts"

/** What a commit changed for one user. */
export interface Change {
  /** Whose sessions. */
  readonly userId: UserId
  /** The time of the operation. */
  readonly now: DateTime.Utc
  /** A session that is new or has a new secret, to be cached. */
  readonly admitted?: CachedSession | undefined
  /** Those that are over, to be fenced. */
  readonly ended?: ReadonlyArray<SessionId>
  /** What was written to the event log. */
  readonly events: ReadonlyArray<SessionEvent>
}

/** Without effects, which would take ten times as long. */
const count = (events: ReadonlyArray<SessionEvent>, context: Context.Context<never>) => {
  for (const event of events) {
    if (event._tag === "SessionCreated") sessionsCreated.updateUnsafe(1, context)
    else if ("reason" in event && "sessionId" in event) sessionsEndedFor.get(event.reason)!.updateUnsafe(1, context)
  }
}

const writeCache = (cache: SessionCache["Service"], { admitted, ended = [], now, userId }: Change) =>
  admitted !== undefined
    ? tolerate(cache, () => cache.put(admitted, ended, now))
    : ended.length > 0
    ? tolerate(cache, () => cache.fence(userId, ended, now))
    : Effect.void

/** Who is told. */
export type Listeners = SessionCache | EventBus

/** Writes the cache in one round trip, then publishes the events. Never fails. */
export const announce = (change: Change) =>
  Effect.contextWith((context: Context.Context<Listeners>) => {
    count(change.events, context)
    return Effect.andThen(
      writeCache(Context.get(context, SessionCache), change),
      publish(Context.get(context, EventBus), change.events)
    )
  })
