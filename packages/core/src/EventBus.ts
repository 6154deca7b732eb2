/** Port: tells subscribers inside the process what happened. */
import { Context, type Effect, Schema, type Stream } from "effect"
import type { SessionEvent } from "./SessionEvent.ts"

/** A subscriber took too long and its buffer is full: events after those it got are missing. The event log has them. */
export class SubscriberLagged extends Schema.TaggedError<SubscriberLagged>()("SubscriberLagged", {
  /** How many events its buffer holds: it got these, and none after them. */
  capacity: Schema.Int
}) {
  override get message() {
    return `The subscriber fell more than ${this.capacity} events behind; read the rest from the event log`
  }
}

/** Best effort and in memory: what must not be missed is read from the `EventLog`. */
export class EventBus extends Context.Service<EventBus, {
  /**
   * Hands the events to every subscriber, in order. Never waits for one and never fails. If one of your own does, handlers
   * wait for it for at most 250 milliseconds and succeed all the same. It is called once at a time: what is told meanwhile
   * waits, and is not told to it beyond 1,000 calls.
   */
  readonly publish: (events: ReadonlyArray<SessionEvent>) => Effect.Effect<void>
  /**
   * All events published from the moment the stream starts, in order; each run is a subscriber of its own. A failing
   * or slow one disturbs nobody: it gets what its buffer held, and then `SubscriberLagged`. It ends when the Layer closes.
   */
  readonly events: Stream.Stream<SessionEvent, SubscriberLagged>
}>()("@sojourn/core/EventBus") {}
