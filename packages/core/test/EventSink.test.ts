import { assert, describe, it } from "@effect/vitest"
import { type EventSink, LoggedEvent, SessionTrusted, sinkEach, SinkError, system } from "@sojourn/core"
import { EventId } from "@sojourn/core"
import { Fixtures } from "@sojourn/testing"
import { Effect, Exit, Fiber } from "effect"
import { SecureRandom } from "effect/crypto"

const events = SecureRandom.SecureRandom.use((random) =>
  Effect.forEach([1, 2, 3, 4], (position) =>
    Effect.gen(function*() {
      const eventId = EventId.make(yield* random.uuidV7())
      const userId = yield* Fixtures.freshUserId
      const sessionId = yield* Fixtures.freshSessionId
      return LoggedEvent.make({
        position,
        event: SessionTrusted.make({ eventId, at: Fixtures.now, userId, actor: system, sessionId })
      })
    }))
).pipe(Effect.provide(SecureRandom.layerWebCrypto))

/** What a sink made of each of four events does, whose third does this. */
const third = Effect.fnUntraced(function*<E>(deliver: () => Effect.Effect<void, E>) {
  const taken: Array<number> = []
  const sink: EventSink = sinkEach(({ position }) =>
    position === 3 ? deliver() : Effect.sync(() => void taken.push(position))
  )
  return { taken, error: yield* Effect.flip(sink(yield* events)) }
})

describe("sinkEach", () => {
  it.effect("D2 one event after the other", () =>
    Effect.gen(function*() {
      const taken: Array<number> = []
      yield* sinkEach(({ position }) =>
        Effect.sync(() => taken.push(position)).pipe(Effect.tap(() => Effect.yieldNow))
      )(yield* events)
      assert.deepStrictEqual(taken, [1, 2, 3, 4])
      yield* sinkEach(() => Effect.die("not called"))([])
    }))

  it.effect.each(
    [
      ["fails", () => Effect.fail("full")],
      ["dies", () => Effect.die(new Error("full"))],
      ["throws", () => {
        throw new Error("full")
      }]
    ] as const
  )("D3 one that %s is rejected, and those before it are delivered", ([, deliver]) =>
    Effect.gen(function*() {
      const { error, taken } = yield* third<unknown>(deliver)
      assert.deepStrictEqual(taken, [1, 2])
      assert.deepInclude({ ...error }, { reason: "Rejected", delivered: 2 })
      assert.strictEqual(error.message, "full")
    }))

  it.effect("D3 a SinkError says itself what it is", () =>
    Effect.gen(function*() {
      const away = new SinkError({ reason: "Unavailable", message: "away", cause: "test", delivered: 9 })
      const { error } = yield* third(() => Effect.fail(away))
      assert.deepInclude({ ...error }, { reason: "Unavailable", delivered: 2 })
      assert.strictEqual(error.message, "away")
    }))

  it.effect("an interruption is no failure", () =>
    Effect.gen(function*() {
      const all = yield* events
      const fiber = yield* Effect.forkChild(sinkEach(() => Effect.never)(all), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
    }))
})
