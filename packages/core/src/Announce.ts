/** Tells cache and subscribers what a commit did. */
import { type DateTime, Effect, Metric, Predicate } from "effect"
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

const cacheFailed = (why: unknown) =>
  Effect.logWarning("The session cache could not be written; entries heal within the staleness bound", why).pipe(
    Effect.andThen(Metric.update(cacheErrors, 1))
  )

/** The cache heals by itself, so its failure is told to the log and to the metrics only. */
const tolerate = (effect: Effect.Effect<void, SessionCacheError>) =>
  effect.pipe(Effect.catch((error) => cacheFailed(error.message)), Effect.catchDefect(cacheFailed))

const count = (event: SessionEvent) =>
  event._tag === "SessionCreated"
    ? Metric.update(sessionsCreated, 1)
    : "reason" in event && "sessionId" in event
    ? Metric.update(sessionsEndedFor.get(event.reason)!, 1)
    : Effect.void

/** Writes the cache in one round trip, then publishes the events. Never fails. */
export const announce = Effect.fnUntraced(function*(change: Change) {
  const cache = yield* SessionCache
  const bus = yield* EventBus
  const { admitted, ended = [] } = change
  if (admitted !== undefined) {
    yield* tolerate(Effect.suspend(() => cache.put(admitted, ended, change.now)))
  } else if (ended.length > 0) {
    yield* tolerate(Effect.suspend(() => cache.fence(change.userId, ended, change.now)))
  }
  yield* Effect.suspend(() => bus.publish(change.events)).pipe(
    Effect.catchCause((cause) =>
      Effect.logWarning("The event bus failed; the event log has the events", cause).pipe(
        Effect.andThen(Metric.update(busErrors, 1))
      )
    )
  )
  yield* Effect.forEach(change.events, count, { discard: true })
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
export const commitThenTell = Effect.fnUntraced(function*<A, E, R>(
  commit: Effect.Effect<A, E, R>,
  changeOf: (result: A) => Change | undefined
) {
  const repo = yield* SessionRepo
  return yield* Effect.uninterruptibleMask((restore) =>
    Effect.tap(Effect.tapError(restore(commit), describeError), (result) => {
      const change = changeOf(result)
      return change === undefined ? Effect.void : Effect.andThen(describe(change), repo.afterCommit(announce(change)))
    })
  )
})
