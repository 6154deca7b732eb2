/** A commit, and then telling what it did, whatever becomes of the caller. */
import { Cause, Context, Effect, Fiber, Option, Predicate } from "effect"
import { announce, type Change, type Listeners } from "./Announce.ts"
import { callerSpan } from "./InnerSpan.ts"
import { type Late, SessionRepo } from "./SessionRepo.ts"

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
