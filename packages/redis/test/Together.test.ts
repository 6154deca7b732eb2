import { assert, describe, it } from "@effect/vitest"
import * as Together from "@sojourn/redis/Together"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"

describe("Together", () => {
  it.effect("what is asked at the same moment goes together, and each gets its own answer", () =>
    Effect.gen(function*() {
      const sent: Array<ReadonlyArray<number>> = []
      const ask = yield* Together.make(
        (all: ReadonlyArray<number>) => {
          sent.push(all)
          return Effect.succeed((nth: number) => all[nth] === 3 ? Exit.fail("not 3") : Exit.succeed(all[nth]! * 2))
        },
        4,
        () => "closed"
      )
      const exits = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => Effect.exit(ask(n)), { concurrency: "unbounded" })
      assert.deepStrictEqual(sent, [[1, 2, 3, 4], [5]])
      assert.deepStrictEqual(exits, [
        Exit.succeed(2),
        Exit.succeed(4),
        Exit.fail("not 3"),
        Exit.succeed(8),
        Exit.succeed(10)
      ])
    }))

  it.effect("one that fails as a whole fails everybody's", () =>
    Effect.gen(function*() {
      const ask = yield* Together.make<number, never, string>(() => Effect.fail("away"), 4, () => "closed")
      const exits = yield* Effect.forEach([1, 2], (n) => Effect.exit(ask(n)), { concurrency: "unbounded" })
      assert.deepStrictEqual(exits, [Exit.fail("away"), Exit.fail("away")])
    }))

  it.effect("nobody waits for good when it is closed: what is under way, and what comes later", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const sent = yield* Deferred.make<void>()
      const ask = yield* Together.make<number, never, string>(
        () => Effect.andThen(Deferred.succeed(sent, undefined), Effect.never),
        4,
        () => "closed"
      ).pipe(Scope.provide(scope))
      const underWay = yield* Effect.forkChild(Effect.exit(Effect.uninterruptible(ask(1))))
      yield* Deferred.await(sent)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* Fiber.join(underWay), Exit.fail("closed"))
      assert.deepStrictEqual(yield* Effect.exit(ask(2)), Exit.fail("closed"))
    }))

  it.live("nobody waits for good when it is closed: what was not under way yet", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const ask = yield* Together.make<number, never, string>(() => Effect.never, 4, () => "closed").pipe(
        Scope.provide(scope)
      )
      const queued = yield* Effect.forkChild(ask(1), { startImmediately: true })
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* Effect.timeout(Fiber.await(queued), "2 seconds"), Exit.fail("closed"))
    }))
})
