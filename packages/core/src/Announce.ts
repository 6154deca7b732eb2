/** Tells cache and subscribers what a commit did. */
import { Cause, Clock, Context, type DateTime, Duration, Effect, Fiber, Metric, Option, Predicate } from "effect"
import type { CachedSession } from "./CachedSession.ts"
import { EventBus } from "./EventBus.ts"
import { callerSpan } from "./InnerSpan.ts"
import { SessionCache, SessionCacheError } from "./SessionCache.ts"
import type { SessionEvent } from "./SessionEvent.ts"
import type { SessionId } from "./SessionId.ts"
import { busErrors, cacheErrors, sessionsCreated, sessionsEndedFor } from "./SessionMetrics.ts"
import { type Late, SessionRepo } from "./SessionRepo.ts"
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
const cacheFailed = (cache: SessionCache["Service"], why: unknown) =>
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
    Effect.catchCause((cause) => {
      const why = Cause.squash(cause)
      return cacheFailed(cache, why instanceof SessionCacheError ? why.message : why)
    })
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

type Listeners = SessionCache | EventBus

/** Writes the cache in one round trip, then publishes the events. Never fails. */
export const announce = (change: Change) =>
  Effect.contextWith((context: Context.Context<Listeners>) => {
    count(change.events, context)
    return Effect.andThen(
      writeCache(Context.get(context, SessionCache), change),
      publish(Context.get(context, EventBus), change.events)
    )
  })

/** The operation's own span, if anybody can see it. */
const ownSpan = (context: Context.Context<never>) => {
  const span = callerSpan(context)
  return span?._tag === "Span" ? span : undefined
}

/** What the span of the operation says, by OpenTelemetry's names; a session is named when it is about one. */
const describe = ({ admitted, ended = [], userId }: Change, context: Context.Context<never>) => {
  const span = ownSpan(context)
  const sessionId = admitted?.id ?? (ended.length === 1 ? ended[0] : undefined)
  span?.attribute("user.id", userId)
  if (sessionId !== undefined) span?.attribute("session.id", sessionId)
}

const describeError = (cause: Cause.Cause<unknown>, context: Context.Context<never>) => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (Predicate.hasProperty(error, "_tag")) ownSpan(context)?.attribute("error.type", error._tag)
}

/**
 * Commits, then tells what that changed: now, or when the caller's transaction has committed. An interruption after the
 * commit does not stop the telling. A store whose commit outlives its caller passes the result to `late`, which tells of it, too.
 */
export const commitThenTell = <A, E, R>(
  commit: (late: Late<A>) => Effect.Effect<A, E, R>,
  changeOf: (result: A) => Change | undefined
) =>
  Effect.contextWith((context: Context.Context<SessionRepo | Listeners>) => {
    const late: Late<A> = (result) => {
      const change = changeOf(result)
      return change === undefined ? Effect.void : Effect.provideContext(announce(change), context)
    }
    return Effect.uninterruptibleMask((restore) =>
      Effect.matchCauseEffect(restore(commit(late)), {
        onFailure: (cause) => {
          describeError(cause, context)
          return Effect.failCause(cause)
        },
        onSuccess: (result) => {
          const change = changeOf(result)
          if (change === undefined) return Effect.succeed(result)
          describe(change, context)
          return Effect.as(Context.get(context, SessionRepo).afterCommit(announce(change)), result)
        }
      })
    )
  })

/**
 * Runs a change that cannot be recalled once it was sent in a fiber of its own, so that it and all that follows from it
 * complete even if the caller is interrupted. Inside the caller's transaction it stays in the caller's fiber, and is rolled back with that.
 */
export const complete = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.contextWith((context: Context.Context<SessionRepo>) =>
    Context.get(context, SessionRepo).isInTransaction?.(context) === false
      ? Effect.flatMap(Effect.forkDetach(self, { startImmediately: true }), Fiber.join)
      : self
  )

/** As `commitThenTell`, for a change that is completed. */
export const completeThenTell = <A, E, R>(
  commit: Effect.Effect<A, E, R>,
  changeOf: (result: A) => Change | undefined
) => complete(commitThenTell(() => commit, changeOf))
