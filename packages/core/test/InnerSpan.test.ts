import { assert, describe, it } from "@effect/vitest"
import { callerSpan, withInnerSpan } from "@sojourn/core/InnerSpan"
import { type Context, Effect, Tracer } from "effect"

const inside = Effect.contextWith((context: Context.Context<never>) =>
  Effect.map(Effect.currentSpan, ({ name }) => [name, callerSpan(context)?._tag] as const)
).pipe(withInnerSpan("ours"), Effect.withSpan("the application's"))

describe("withInnerSpan", () => {
  it.effect("makes a span for a tracer of the application's", () =>
    Effect.gen(function*() {
      const tracer = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })
      assert.deepStrictEqual(yield* Effect.provideService(inside, Tracer.Tracer, tracer), ["ours", "Span"])
    }))

  it.effect("makes none without: nobody would see it", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* inside, ["the application's", undefined])
    }))
})
