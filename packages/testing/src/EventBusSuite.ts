/** The behaviour that every `EventBus` must show. */
import { assert, it } from "@effect/vitest"
import { Actor, EventBus, EventId, SessionCreated, type SessionEvent, SubscriberLagged } from "@sojourn/core"
import { Deferred, Effect, Fiber, type Layer, Option, Ref, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { after, freshSessionId, freshUserId, now } from "./Fixtures.ts"
import { failure } from "./internal/given.ts"

const event = Effect.gen(function*() {
  const random = yield* SecureRandom.SecureRandom
  const userId = yield* freshUserId
  return SessionCreated.make({
    eventId: EventId.make(yield* random.uuidV7()),
    at: now,
    userId,
    actor: Actor.make({ kind: "user", id: Option.some(userId) }),
    sessionId: yield* freshSessionId,
    expiresAt: after("30 days")
  })
}).pipe(Effect.provide(SecureRandom.layerWebCrypto))

const someEvents = (count: number) => Effect.replicateEffect(event, count)

const publish = (events: ReadonlyArray<SessionCreated>) => EventBus.use((bus) => bus.publish(events))

/** Has a subscriber of its own listen; it has begun when this returns. */
const listen = <A, E>(run: (events: EventBus["Service"]["events"]) => Effect.Effect<A, E>) =>
  EventBus.use((bus) => Effect.forkChild(run(bus.events), { startImmediately: true }))

const take = (count: number) => listen((events) => events.pipe(Stream.take(count), Stream.runCollect))

/** Registers the suite. `make` gives a bus whose subscribers may fall `capacity` events behind. */
export const suite = (name: string, make: (capacity: number) => Layer.Layer<EventBus, unknown>): void =>
  it.layer(make(8))(`EventBus (${name})`, (it) => {
    it.effect("D3 every subscriber gets every event, in order", () =>
      Effect.gen(function*() {
        const events = yield* someEvents(40)
        const first = yield* take(40)
        const second = yield* take(40)
        for (let at = 0; at < 40; at += 4) {
          yield* publish(events.slice(at, at + 4))
          yield* Effect.yieldNow
        }
        assert.deepStrictEqual(yield* Fiber.join(first), events)
        assert.deepStrictEqual(yield* Fiber.join(second), events)
      }))

    it.effect("D3 a subscriber hears what is published once it listens", () =>
      Effect.gen(function*() {
        const [early, late] = yield* someEvents(2)
        yield* publish([early!])
        const fiber = yield* take(1)
        yield* publish([late!])
        assert.deepStrictEqual(yield* Fiber.join(fiber), [late!])
      }))

    it.effect("D3 publishing to nobody, or nothing, is fine", () =>
      Effect.gen(function*() {
        yield* publish(yield* someEvents(3))
        const fiber = yield* take(1)
        yield* publish([])
        const events = yield* someEvents(1)
        yield* publish(events)
        assert.deepStrictEqual(yield* Fiber.join(fiber), events)
      }))

    it.effect("D3 a slow subscriber neither slows publishing nor the others, and is told that it lagged", () =>
      Effect.gen(function*() {
        const events = yield* someEvents(80)
        const wake = yield* Deferred.make<void>()
        const heard = yield* Ref.make<ReadonlyArray<SessionEvent>>([])
        const slow = yield* listen((stream) =>
          stream.pipe(
            Stream.runForEach((event) =>
              Deferred.await(wake).pipe(
                Effect.andThen(Ref.update(heard, (all) => [...all, event]))
              )
            )
          )
        )
        const fast = yield* take(80)
        for (const event of events) {
          yield* publish([event])
          yield* Effect.yieldNow
        }
        assert.deepStrictEqual(yield* Fiber.join(fast), events)

        yield* Deferred.succeed(wake, undefined)
        const lagged = yield* failure(Fiber.join(slow))
        assert.deepStrictEqual(lagged, { ...new SubscriberLagged({ capacity: 8 }) })
        const got = yield* Ref.get(heard)
        assert.isAtLeast(got.length, 8)
        assert.isBelow(got.length, 80)
        assert.deepStrictEqual(got, events.slice(0, got.length))
      }))

    it.effect("D3 more at once than the buffer holds: what it held, then SubscriberLagged", () =>
      Effect.gen(function*() {
        const events = yield* someEvents(20)
        const heard: Array<unknown> = []
        const fiber = yield* listen((stream) =>
          Stream.runForEach(stream, (event) => Effect.sync(() => heard.push(event)))
        )
        yield* publish(events)
        assert.deepStrictEqual(yield* failure(Fiber.join(fiber)), { ...new SubscriberLagged({ capacity: 8 }) })
        assert.deepStrictEqual(heard, events.slice(0, 8))
      }))

    it.effect("D3 one that lagged may subscribe again", () =>
      Effect.gen(function*() {
        const lagging = yield* listen(Stream.runDrain)
        yield* publish(yield* someEvents(20))
        yield* Effect.flip(Fiber.join(lagging))
        const events = yield* someEvents(1)
        const again = yield* take(1)
        yield* publish(events)
        assert.deepStrictEqual(yield* Fiber.join(again), events)
      }))

    it.effect("D3 a subscriber that fails, dies or leaves does not stop the others", () =>
      Effect.gen(function*() {
        const events = yield* someEvents(6)
        const failing = yield* listen(Stream.runForEach(() => Effect.fail("failed")))
        const dying = yield* listen(Stream.runForEach(() => Effect.die("died")))
        const leaving = yield* listen(Stream.runDrain)
        const staying = yield* take(6)
        yield* publish(events.slice(0, 3))
        yield* Fiber.await(failing)
        yield* Fiber.await(dying)
        yield* Fiber.interrupt(leaving)
        yield* publish(events.slice(3))
        assert.deepStrictEqual(yield* Fiber.join(staying), events)
      }))
  })
