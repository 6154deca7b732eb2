import { assert, it } from "@effect/vitest"
import { EventBus, EventBusInProcess } from "@sojourn/core"
import * as EventBusSuite from "@sojourn/testing/EventBusSuite"
import { Context, Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"

EventBusSuite.suite("in process", (capacity) => EventBusInProcess.layer({ capacity }))

it.effect("D3 streams end when the Layer closes, and one that begins after it at once", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { events } = Context.get(yield* Layer.buildWithScope(EventBusInProcess.layer(), scope), EventBus)
    const listening = yield* Effect.forkChild(Stream.runCollect(events), { startImmediately: true })
    yield* Scope.close(scope, Exit.void)
    assert.deepStrictEqual(yield* Fiber.join(listening), [])
    assert.deepStrictEqual(yield* Stream.runCollect(events), [])
  }))
