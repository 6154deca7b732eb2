/** The event bus for one process: a bounded buffer for each subscriber. */
import { type Cause, Effect, Layer, Queue, Stream } from "effect"
import { EventBus, SubscriberLagged } from "./EventBus.ts"
import type { SessionEvent } from "./SessionEvent.ts"

/** How much is kept for subscribers. */
export interface Options {
  /** How many events a subscriber may fall behind before it is told that it lagged. Default: 1,024. */
  readonly capacity?: number | undefined
}

type Subscriber = Queue.Queue<SessionEvent, SubscriberLagged | Cause.Done>

/** Publishing costs one insertion a subscriber and waits for none. */
export const layer = (options: Options = {}): Layer.Layer<EventBus> =>
  Layer.effect(
    EventBus,
    Effect.gen(function*() {
      const capacity = options.capacity ?? 1024
      const subscribers = new Set<Subscriber>()
      let isClosed = false
      yield* Effect.addFinalizer(() => {
        isClosed = true
        return Effect.forEach(subscribers, Queue.end, { discard: true })
      })

      const deliver = (queue: Subscriber, events: ReadonlyArray<SessionEvent>) => {
        if (Queue.offerAllUnsafe(queue, events).length > 0) {
          subscribers.delete(queue)
          return Queue.fail(queue, new SubscriberLagged({ capacity }))
        }
        return Effect.void
      }

      const subscribe = Effect.acquireRelease(
        Effect.tap(
          Queue.make<SessionEvent, SubscriberLagged | Cause.Done>({ capacity, strategy: "dropping" }),
          (queue): Effect.Effect<unknown> => isClosed ? Queue.end(queue) : Effect.sync(() => subscribers.add(queue))
        ),
        (queue) => Effect.sync(() => subscribers.delete(queue)).pipe(Effect.andThen(Queue.shutdown(queue)))
      )

      return EventBus.of({
        // Not suspended where nobody listens: who tells of it need not start a fiber then.
        publish: (events) =>
          events.length === 0 || subscribers.size === 0
            ? Effect.void
            : Effect.suspend(() =>
              Effect.forEach([...subscribers], (queue) => deliver(queue, events), { discard: true })
            ),
        events: Stream.unwrap(Effect.map(subscribe, (queue) => Stream.fromQueue(queue)))
      })
    })
  )
