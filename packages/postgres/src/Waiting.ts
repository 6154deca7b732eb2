/** Callers who wait for a statement that they share. */
import { Effect, Queue } from "effect"

export interface Waiting {
  /** Tells the caller, who goes on at once; after the first time it does nothing. */
  readonly settle: (outcome: Effect.Effect<never>) => void
}

const settleAll = (all: Iterable<Waiting>, outcome: Effect.Effect<never>) =>
  Effect.sync(() => {
    for (const { settle } of all) settle(outcome)
  })

/** What is sent for all of these. Whatever happens to it, also that it is interrupted: nobody waits for good. */
export const settled = (all: ReadonlyArray<Waiting>) => <A>(sent: Effect.Effect<A>) =>
  Effect.exit(Effect.onError(sent, (cause) => settleAll(all, Effect.failCause(cause))))

/** A queue of them, and `elsewhere` those who are not in it any more. When it closes nobody is left. */
export const makeQueue = Effect.fnUntraced(function*<W extends Waiting>(elsewhere: () => Iterable<W> = () => []) {
  const queue = yield* Queue.unbounded<W>()
  yield* Effect.addFinalizer(() =>
    Queue.clear(queue).pipe(
      Effect.flatMap((queued) => settleAll([...queued, ...elsewhere()], Effect.interrupt)),
      Effect.andThen(Queue.shutdown(queue))
    )
  )
  return queue
})

/** Once the queue is closed there is nothing to wait for. */
export const join = <W extends Waiting>(queue: Queue.Queue<W>, one: W) => {
  if (!Queue.offerUnsafe(queue, one)) one.settle(Effect.interrupt)
}
