/** Tells cache and subscribers what a commit did. */
import { Clock, Context, type DateTime, Duration, Effect, Metric, Predicate } from "effect"
import type { CachedSession } from "./CachedSession.ts"
import { EventBus } from "./EventBus.ts"
import { SessionCache, type SessionCacheError } from "./SessionCache.ts"
import type { SessionEvent } from "./SessionEvent.ts"
import type { SessionId } from "./SessionId.ts"
import { busErrors, cacheErrors, sessionsCreated, sessionsEndedFor } from "./SessionMetrics.ts"
import { SessionRepo } from "./SessionRepo.ts"
import type { UserId } from "./User.ts"

/** What a commit changed for one user. */
interface Change {
  readonly userId: UserId
  readonly now: DateTime.Utc
  readonly admitted?: CachedSession | undefined
  readonly ended?: ReadonlyArray<SessionId>
  readonly events: ReadonlyArray<SessionEvent>
}

const warningInterval = Duration.toNanosUnsafe("30 seconds")

/** Until when nothing more is said about a cache that fails. */
const quietUntil = new WeakMap<SessionCache["Service"], bigint>()

/** All failures are counted, and one is logged every half minute. */
const cacheFailed = (cache: SessionCache["Service"]) => (why: unknown) =>
  Effect.flatMap(Clock.monotonicTimeNanos, (now) => {
    const counted = Metric.update(cacheErrors, 1)
    if (now < (quietUntil.get(cache) ?? now)) return counted
    quietUntil.set(cache, now + warningInterval)
    return Effect.andThen(
      Effect.logWarning("The session cache could not be written; entries heal within the staleness bound", why),
      counted
    )
  })

/** The cache heals by itself, so its failure is told to the log and to the metrics only. */
const tolerate = (cache: SessionCache["Service"], write: () => Effect.Effect<void, SessionCacheError>) =>
  Effect.suspend(write).pipe(
    Effect.catch((error) => cacheFailed(cache)(error.message)),
    Effect.catchDefect(cacheFailed(cache))
  )

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

const publish = (bus: EventBus["Service"], events: ReadonlyArray<SessionEvent>) =>
  Effect.suspend(() => bus.publish(events)).pipe(
    Effect.catchCause((cause) =>
      Effect.logWarning("The event bus failed; the event log has the events", cause).pipe(
        Effect.andThen(Metric.update(busErrors, 1))
      )
    )
  )

/** Writes the cache in one round trip, then publishes the events. Never fails. */
export const announce = (change: Change) =>
  Effect.contextWith((context: Context.Context<SessionCache | EventBus>) => {
    count(change.events, context)
    return Effect.andThen(
      writeCache(Context.get(context, SessionCache), change),
      publish(Context.get(context, EventBus), change.events)
    )
  })

/** What the span of the operation says, by OpenTelemetry's names; a session is named when it is about one. */
const describe = ({ admitted, ended = [], userId }: Change) => {
  const sessionId = admitted?.id ?? (ended.length === 1 ? ended[0] : undefined)
  return Effect.annotateCurrentSpan({
    "user.id": userId,
    ...(sessionId === undefined ? {} : { "session.id": sessionId })
  })
}

const describeError = (error: unknown) =>
  Predicate.hasProperty(error, "_tag") ? Effect.annotateCurrentSpan("error.type", error._tag) : Effect.void

/**
 * Commits, then tells what that changed: now, or when the caller's transaction has committed. Once it is committed the
 * others are told, even if nobody waits for the result any more.
 */
export const commitThenTell = <A, E, R>(commit: Effect.Effect<A, E, R>, changeOf: (result: A) => Change | undefined) =>
  Effect.flatMap(
    SessionRepo,
    (repo) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.tap(Effect.tapError(restore(commit), describeError), (result) => {
          const change = changeOf(result)
          return change === undefined
            ? Effect.void
            : Effect.andThen(describe(change), repo.afterCommit(announce(change)))
        })
      )
  )
