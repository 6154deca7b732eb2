import { assert, describe, it } from "@effect/vitest"
import { CredentialRepo, SessionLookup } from "@sojourn/core"
import { Fixtures } from "@sojourn/testing"
import { Context, Effect, Exit, Fiber, Layer, Option, Scheduler, Scope } from "effect"
import { logIn, sojourn } from "./alice.ts"
import { credentials } from "./counting.ts"

const over = (store: ReturnType<typeof credentials>) =>
  Effect.provide(Layer.provideMerge(Layer.fresh(SessionLookup.layer), store.layer))

describe("SessionLookup", () => {
  it.effect("V9 300 sessions that are asked for at once share two statements, each session in one of them", () =>
    Effect.gen(function*() {
      const store = credentials()
      const ids = (yield* Effect.replicateEffect(logIn, 300)).map(({ sessionId }) => sessionId)
      yield* Effect.gen(function*() {
        const lookup = yield* SessionLookup
        const found = yield* Effect.forEach([...ids, ...ids], lookup.credential, { concurrency: "unbounded" })
        assert.deepStrictEqual(found.map((each) => Option.getOrThrow(each).session.id), [...ids, ...ids])
      }).pipe(over(store))
      assert.deepStrictEqual(store.asked.map((each) => each.length), [256, 44])
      assert.sameMembers(store.asked.flat(), ids)
    }).pipe(Effect.provide(sojourn)))

  it.effect("V9 one that does not exist is none, and asked again when it is asked for again", () =>
    Effect.gen(function*() {
      const store = credentials()
      yield* Effect.gen(function*() {
        const lookup = yield* SessionLookup
        const id = yield* Fixtures.freshSessionId
        assert.deepStrictEqual(yield* lookup.credential(id), Option.none())
        assert.deepStrictEqual(yield* lookup.credential(id), Option.none())
        assert.deepStrictEqual(store.asked, [[id], [id]])
      }).pipe(over(store))
    }).pipe(Effect.provide(sojourn)))

  it.effect("V9 whoever is interrupted while asking, at whatever step, leaves nobody without an answer", () =>
    Effect.gen(function*() {
      const lookup = yield* SessionLookup
      yield* Effect.forEach(Array.from({ length: 20 }, (_, nth) => nth + 3), (steps) =>
        Effect.gen(function*() {
          const id = yield* Fixtures.freshSessionId
          // Makes way for others after so many steps.
          const asking = Effect.provideService(lookup.credential(id), Scheduler.MaxOpsBeforeYield, steps)
          const hasty = yield* Effect.forkChild(asking, { startImmediately: true })
          yield* Fiber.interrupt(hasty)
          const patient = yield* Effect.forkChild(lookup.credential(id))
          yield* Effect.repeat(Effect.yieldNow, { times: 20 })
          assert.isDefined(patient.pollUnsafe(), `interrupted after ${steps} steps`)
        }), { discard: true })
    }).pipe(over(credentials()), Effect.provide(sojourn)))

  it.effect("V9 who waits, sent or not, or asks when the Layer closes is told so, and does not wait for good", () =>
    Effect.gen(function*() {
      const store = Layer.mock(CredentialRepo)({ find: () => Effect.never })
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Layer.provide(Layer.fresh(SessionLookup.layer), store), scope)
      const { credential } = Context.get(context, SessionLookup)
      const ask = Effect.flatMap(Fixtures.freshSessionId, (id) => credential(id))
      const asking = Effect.tap(
        Effect.forkChild(ask, { startImmediately: true }),
        () => Effect.repeat(Effect.yieldNow, { times: 20 })
      )
      // Two statements are under way, and the third waits for them.
      const waiting = yield* Effect.replicateEffect(asking, 3)
      yield* Scope.close(scope, Exit.void)
      for (const told of [...waiting.map((fiber) => Fiber.join(fiber)), ask]) {
        const { message, reason } = yield* Effect.flip(told)
        assert.strictEqual(reason, "Unavailable")
        assert.include(message, "closed")
      }
    }).pipe(Effect.provide(sojourn)))
})
