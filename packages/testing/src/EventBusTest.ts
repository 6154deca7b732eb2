/** Event buses for tests: one that remembers what was published, and one with a bug. */
import { EventBus, type SessionEvent } from "@sojourn/core"
import { Effect, Layer, Stream } from "effect"

/** A bus over another one; `published` grows with every call, which then goes on to the other one. */
export const recording = (): {
  readonly published: ReadonlyArray<ReadonlyArray<SessionEvent>>
  readonly layer: Layer.Layer<EventBus, never, EventBus>
} => {
  const published: Array<ReadonlyArray<SessionEvent>> = []
  const layer = Layer.effect(
    EventBus,
    Effect.map(EventBus, (bus) => ({
      ...bus,
      publish: (events) => Effect.andThen(Effect.sync(() => published.push(events)), bus.publish(events))
    }))
  )
  return { published, layer }
}

/** A bus with a bug: publishing dies, subscribers never hear anything. */
export const defective: Layer.Layer<EventBus> = Layer.sync(EventBus, () => ({
  publish: () => Effect.die("EventBusTest.defective"),
  events: Stream.never
}))
