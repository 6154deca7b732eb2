/** Callers who wait for a statement that they share. */
import type { Late, SessionRepoError } from "@sojourn/core"
import { closedIfInterrupted, storeClosed } from "@sojourn/core/StoreClosed"
import { Effect, Queue } from "effect"

export interface Waiting<in A = never, in E = never> {
  /** Tells the caller, who goes on at once; after the first time it does nothing. */
  readonly settle: (outcome: Effect.Effect<A, E | SessionRepoError>) => void
  /** The caller was interrupted, and does not wait any more. */
  cancelled: boolean
}

/** Tells all of them that it failed. */
export const fail = (all: Iterable<Waiting>, failure: SessionRepoError) => {
  for (const { settle } of all) settle(Effect.fail(failure))
}

/** Runs what is sent for these callers. If it dies, each of them is answered with that cause; if it is interrupted, that it was closed. */
export const settled = (operation: string, all: ReadonlyArray<Waiting>) => <A>(sent: Effect.Effect<A>) =>
  Effect.exit(Effect.onError(sent, (cause) =>
    Effect.sync(() => {
      const outcome = closedIfInterrupted(() => storeClosed(operation), cause)
      for (const { settle } of all) settle(outcome)
    })))

/** A queue of them, and `elsewhere` those who are not in it any more. When it closes nobody is left. */
export const makeQueue = Effect.fnUntraced(function*<W extends Waiting>(
  operation: string,
  elsewhere: () => Iterable<W> = () => []
) {
  const queue = yield* Queue.unbounded<W>()
  yield* Effect.addFinalizer(() =>
    Queue.clear(queue).pipe(
      Effect.map((queued) => fail([...queued, ...elsewhere()], storeClosed(operation))),
      Effect.andThen(Queue.shutdown(queue))
    )
  )
  return queue
})

/** Those who wait in the queue now are told that it failed, instead of finding out one after the other. */
export const giveUp = <W extends Waiting>(queue: Queue.Queue<W>, failure: SessionRepoError) =>
  Effect.map(Queue.clear(queue), (queued) => fail(queued, failure))

/** Waits in the queue and for the outcome. The outcome of one that was interrupted after it was sent goes to `late`. */
export const outcome = <A, E, W extends Waiting>(
  operation: string,
  queue: Queue.Queue<W>,
  make: (settle: (outcome: Effect.Effect<A, E>) => void) => W,
  late: (outcome: Effect.Effect<A, E>) => void
): Effect.Effect<A, E | SessionRepoError> =>
  Effect.callback((resume) => {
    const one: W = make((outcome) => one.cancelled ? late(outcome) : resume(outcome))
    // Once it is closed there is nothing to wait for.
    if (!Queue.offerUnsafe(queue, one)) resume(Effect.fail(storeClosed(operation)))
    return Effect.sync(() => {
      one.cancelled = true
    })
  })

/** Gives late outcomes to the caller's `late`, if there is one; failures are dropped, as nobody waits for them. */
export const makeLate = Effect.map(Effect.context<never>(), (context) => {
  const fork = Effect.runForkWith(context)
  return <A, E>(late: Late<A> | undefined) => (outcome: Effect.Effect<A, E>) => {
    if (late !== undefined) fork(Effect.ignoreCause(Effect.flatMap(outcome, late)))
  }
})
