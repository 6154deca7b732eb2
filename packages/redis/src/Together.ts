/** Sends what is asked of Redis at the same moment in one command: most of what a command costs is its own frame. */
import { spansOf } from "@sojourn/core/BatchSpan"
import { callerSpan } from "@sojourn/core/InnerSpan"
import { closedIfInterrupted } from "@sojourn/core/StoreClosed"
import { type Context, Effect, Exit, Queue, type Tracer } from "effect"

/** Sends all, and gives the answer to each by its place. `callers` is what those who wait trace. */
export type SendAll<Ask, A, E> = (
  all: ReadonlyArray<Ask>,
  callers: ReadonlyArray<Tracer.AnySpan>
) => Effect.Effect<(nth: number) => Exit.Exit<A, E>, E>

interface Waiting<Ask, A, E> {
  readonly ask: Ask
  readonly settle: (exit: Exit.Exit<A, E>) => void
  readonly span: Tracer.AnySpan | undefined
}

/**
 * Those that come until the program has nothing else to do go together, at most so many, without waiting for those that
 * went before. Who is refused does not go, and holds up nobody. Whoever still waits when it is closed, or asks then, fails with
 * `closed`: an interruption would look like their own.
 */
export const make = Effect.fnUntraced(function*<Ask, A, E>(
  sendAll: SendAll<Ask, A, E>,
  most: number,
  closed: () => E,
  refuses: () => E | undefined = () => undefined
) {
  const queue = yield* Queue.unbounded<Waiting<Ask, A, E>>()
  const scope = yield* Effect.scope

  const send = (waiting: ReadonlyArray<Waiting<Ask, A, E>>) =>
    sendAll(waiting.map(({ ask }) => ask), spansOf(waiting)).pipe(
      // In any case: nobody waits for good.
      Effect.onExit((answers) =>
        Effect.sync(() => {
          const answerOf = Exit.isSuccess(answers)
            ? answers.value
            : () => closedIfInterrupted(closed, answers.cause)
          waiting.forEach(({ settle }, nth) => settle(answerOf(nth)))
        })
      ),
      Effect.exit
    )
  yield* Effect.addFinalizer(() =>
    Effect.andThen(
      Effect.map(Queue.clear(queue), (waiting) => waiting.forEach(({ settle }) => settle(Exit.fail(closed())))),
      Queue.shutdown(queue)
    )
  )
  yield* Effect.forkScoped(
    Queue.takeBetween(queue, 1, most).pipe(
      Effect.flatMap((waiting) => Effect.forkIn(send(waiting), scope, { startImmediately: true })),
      Effect.forever
    )
  )

  return (ask: Ask): Effect.Effect<A, E> =>
    Effect.contextWith((context: Context.Context<never>) => {
      const refusal = refuses()
      if (refusal !== undefined) return Effect.fail(refusal)
      return Effect.callback((settle) => {
        if (!Queue.offerUnsafe(queue, { ask, settle, span: callerSpan(context) })) settle(Exit.fail(closed()))
      })
    })
})
