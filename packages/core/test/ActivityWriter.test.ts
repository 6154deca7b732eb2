import { assert, describe, it } from "@effect/vitest"
import { CachedSession, SessionRepoError, touchSession, validateSession } from "@sojourn/core"
import { Deferred, Duration, Effect, Exit, Layer, Option, Scope } from "effect"
import { TestClock } from "effect/testing"
import { idleAfter, logIn, sojourn } from "./alice.ts"
import { times, writer } from "./writer.ts"

const away = new SessionRepoError({ operation: "touch", reason: "Unavailable", message: "away", cause: "test" })

describe("ActivityWriter", () => {
  it.effect("what waits is written when the Layer closes", () =>
    Effect.gen(function*() {
      const { batches, layer } = writer()
      yield* Effect.gen(function*() {
        const { token } = yield* logIn
        yield* TestClock.adjust("1 minute")
        yield* touchSession((yield* validateSession(token)).session)
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(times(batches), [60])
    }).pipe(Effect.provide(sojourn)))

  it.effect("E14 what is used in the last second before it would go idle is written at once, and does not", () =>
    Effect.gen(function*() {
      const { batches, layer } = writer()
      yield* Effect.gen(function*() {
        const { token } = yield* logIn.pipe(idleAfter("20 seconds"))
        yield* TestClock.adjust("19500 millis")
        yield* touchSession((yield* validateSession(token)).session)
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(times(batches), [19.5])
        yield* TestClock.adjust("10 seconds")
        yield* validateSession(token)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("a batch that is under way when the Layer closes is not lost", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<void>()
      let tries = 0
      const { batches, layer } = writer(() =>
        ++tries === 1 ? Effect.andThen(Deferred.succeed(started, undefined), Effect.never) : Effect.void
      )
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(layer, scope)
      const { token } = yield* logIn
      yield* TestClock.adjust("1 minute")
      yield* touchSession((yield* validateSession(token)).session).pipe(Effect.provide(context))
      yield* TestClock.adjust("1 second")
      yield* Deferred.await(started)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(times(batches), [60])
    }).pipe(Effect.provide(sojourn)))

  it.effect("a store that is away: tried again once a second until it takes them", () =>
    Effect.gen(function*() {
      let tries = 0
      const { batches, layer } = writer(() => Effect.suspend(() => ++tries < 4 ? Effect.fail(away) : Effect.void))
      yield* Effect.gen(function*() {
        const { token } = yield* logIn
        yield* TestClock.adjust("1 minute")
        yield* touchSession((yield* validateSession(token)).session)
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual([tries, batches.length], [3, 0])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual([tries, times(batches)], [4, [60]])
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(tries, 4)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("E14 a defect of the store: tried again as well, and the writer goes on", () =>
    Effect.gen(function*() {
      let tries = 0
      const { batches, layer } = writer(() => Effect.suspend(() => ++tries < 3 ? Effect.die("broken") : Effect.void))
      yield* Effect.gen(function*() {
        const { token } = yield* logIn
        yield* TestClock.adjust("1 minute")
        yield* touchSession((yield* validateSession(token)).session)
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual([tries, times(batches)], [3, [60]])
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("more than 500 go in several batches", () =>
    Effect.gen(function*() {
      const { batches, layer } = writer()
      yield* Effect.gen(function*() {
        const tokens = (yield* Effect.replicateEffect(logIn, 501)).map(({ token }) => token)
        yield* TestClock.adjust("54 seconds")
        yield* Effect.forEach(tokens, (token) =>
          Effect.flatMap(validateSession(token), ({ session }) =>
            touchSession(CachedSession.make({ ...session, idleTimeout: Option.some(Duration.minutes(5)) }))))
        yield* TestClock.adjust("1 second")
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(
        batches.map((batch) =>
          batch.length
        ),
        [500, 1]
      )
    }).pipe(Effect.provide(sojourn)))
})
