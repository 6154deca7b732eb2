/** Events, sinks and subscribers for the tests of the stream. */
import { EventId, type EventSink, LoggedEvent, type SessionEvent, SessionRotated, system, UserId } from "@sojourn/core"
import { EventStreamRedis, RedisClient } from "@sojourn/redis"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { Effect, Fiber, Layer, Redacted, Schedule, Stream } from "effect"

/** The event at a position; `log` tells the logs apart. */
export const eventAt = (position: number, log = 0): LoggedEvent => {
  const { id, userId } = Fixtures.session()
  const eventId = EventId.make(`0000000${log}-0000-4000-8000-${position.toString(16).slice(-12).padStart(12, "0")}`)
  return LoggedEvent.make({
    position,
    event: SessionRotated.make({ eventId, at: Fixtures.now, userId: UserId.make(userId), sessionId: id, actor: system })
  })
}
export const eventsAt = (positions: ReadonlyArray<number>) => positions.map((position) => eventAt(position))
/** From the first position to the last. */
export const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, at) => first + at)

/** A client that lives as long as the scope. */
export const clientOf = (url: string) => Layer.build(RedisClient.layerUrl(Redacted.make(url)))

/** Until it is so, at most 10 seconds. */
export const until = (what: string, done: () => boolean) =>
  Effect.sync(done).pipe(
    Effect.filterOrFail((isDone) => isDone, () => new Error(`never: ${what}`)),
    Effect.retry({ schedule: Schedule.spaced("5 millis"), times: 2000 }),
    Effect.orDie
  )

/** A consumer in the background and what it got. `handle` says what it does with it; by default it acknowledges. */
export const consume = Effect.fnUntraced(function*(
  options: EventStreamRedis.SubscribeOptions,
  handle: (delivery: EventStreamRedis.Delivery) => Effect.Effect<unknown> = ({ acknowledge }) => acknowledge
) {
  const got: Array<{ readonly position: number; readonly event: SessionEvent; readonly deliveries: number }> = []
  const fiber = yield* EventStreamRedis.subscribe(options).pipe(
    Stream.runForEach((delivery) => {
      const { acknowledge: _, ...told } = delivery
      got.push(told)
      return handle(delivery)
    }),
    Effect.forkScoped({ startImmediately: true })
  )
  const positions = () => got.map(({ position }) => position)
  return {
    got,
    positions,
    stop: Fiber.interrupt(fiber),
    failure: Effect.flip(Fiber.join(fiber)),
    untilCount: (count: number) =>
      until(`${count} deliveries`, () => got.length >= count).pipe(
        Effect.onError(() => Effect.sync(() => console.error(`got ${JSON.stringify(positions())}`)))
      )
  }
})

/** Hands events to the sink as a relay does, again until it takes them, for at least a minute. */
export const deliver = <R>(sink: EventSink<R>, positions: ReadonlyArray<number>) =>
  Effect.retry(sink(eventsAt(positions), Math.min(...positions) - 1), {
    schedule: Schedule.spaced("50 millis"),
    times: 1200
  })
