import { assert, describe, it } from "@effect/vitest"
import {
  CachedSession,
  SessionId,
  SessionPolicy,
  SessionRepoError,
  SessionRules,
  touchSession,
  validateSession
} from "@sojourn/core"
import { Fixtures } from "@sojourn/testing"
import { DateTime, Deferred, Duration, Effect, Exit, Layer, Option, Scope } from "effect"
import { TestClock } from "effect/testing"
import { idleAfter, logIn, sojourn } from "./alice.ts"
import { times, writer } from "./writer.ts"

const away = new SessionRepoError({ operation: "touch", reason: "Unavailable", message: "away", cause: "test" })

/** A writer over a store whose first answer, once the gate is open, is that it is away. */
const awayAtFirst = Effect.gen(function*() {
  const gate = yield* Deferred.make<void>()
  let tries = 0
  const { batches, layer } = writer(() =>
    Effect.suspend(() => ++tries === 1 ? Effect.andThen(Deferred.await(gate), Effect.fail(away)) : Effect.void)
  )
  return { batches, layer, open: Deferred.succeed(gate, undefined) }
})

/** Sessions since the clock began, numbered from `first` on, that the store has not heard of. */
const sessions = (count: number, first = 0, fields: Partial<CachedSession> = {}) =>
  Array.from({ length: count }, (_, nth) =>
    CachedSession.make({
      ...Fixtures.cachedSession(),
      createdAt: DateTime.makeUnsafe(0),
      lastActivityAt: DateTime.makeUnsafe(0),
      id: SessionId.make(`019a3f5e-7c00-7a1b-8c2d-${(first + nth).toString(16).padStart(12, "0")}`),
      ...fields
    }))
const touchAll = (sessions: ReadonlyArray<CachedSession>) =>
  Effect.forEach(sessions, (session) => touchSession(session), { discard: true })

const idleIn = (timeout: Duration.Input) => ({ idleTimeout: Option.some(Duration.fromInputUnsafe(timeout)) })

const touchEach20Millis = (sessions: ReadonlyArray<CachedSession>) =>
  Effect.forEach(sessions, (session) => Effect.andThen(touchSession(session), TestClock.adjust("20 millis")))

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
        yield* TestClock.adjust("10 millis")
        assert.deepStrictEqual(times(batches), [19.5])
        yield* TestClock.adjust("10 seconds")
        yield* validateSession(token)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("E14 of sessions that would go idle at once those used within 10 milliseconds go together", () =>
    Effect.gen(function*() {
      const { batches, layer } = writer()
      yield* Effect.gen(function*() {
        yield* TestClock.adjust("1 second")
        for (const session of sessions(5, 0, idleIn("2 seconds"))) {
          yield* touchSession(session)
          yield* TestClock.adjust("1 millis")
        }
        yield* TestClock.adjust("5 millis")
        assert.deepStrictEqual(batches.map((batch) => batch.length), [5])
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("E14 what comes after something urgent was written waits for its time again", () =>
    Effect.gen(function*() {
      const { batches, layer } = writer()
      yield* Effect.gen(function*() {
        yield* TestClock.adjust("1 minute")
        yield* touchAll(sessions(1, 0, idleIn("61 seconds")))
        yield* TestClock.adjust("10 millis")
        yield* touchAll(sessions(1, 1))
        yield* TestClock.adjust("999 millis")
        assert.lengthOf(batches, 1)
        yield* TestClock.adjust("1 millis")
        assert.lengthOf(batches, 2)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("E14 before an absolute end nothing is urgent", () =>
    Effect.gen(function*() {
      const { batches, layer } = writer()
      yield* Effect.gen(function*() {
        yield* TestClock.adjust("1 minute")
        const expiresAt = DateTime.makeUnsafe(61_500)
        yield* touchAll([...sessions(1, 0, { expiresAt }), ...sessions(1, 1, { expiresAt, ...idleIn("62 seconds") })])
        yield* TestClock.adjust("999 millis")
        assert.deepStrictEqual(batches, [])
        yield* TestClock.adjust("1 millis")
        assert.lengthOf(batches.flat(), 2)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("E14 a store that is away is asked once a second, whatever is urgent", () =>
    Effect.gen(function*() {
      let tries = 0
      let isAway = true
      const { layer } = writer(() => Effect.suspend(() => ++tries && isAway ? Effect.fail(away) : Effect.void))
      yield* Effect.gen(function*() {
        yield* TestClock.adjust("20 seconds")
        yield* touchEach20Millis(sessions(20, 0, idleIn("21900 millis")))
        assert.strictEqual(tries, 1)
        yield* TestClock.adjust("590 millis")
        assert.strictEqual(tries, 1)
        isAway = false
        yield* TestClock.adjust("40 millis")
        assert.strictEqual(tries, 2)
        yield* touchEach20Millis(sessions(3, 20, idleIn("21900 millis")))
        assert.strictEqual(tries, 5)
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

  it.effect("C20 what the store takes only after the session went idle does not bring it back", () =>
    Effect.gen(function*() {
      let isAway = true
      const { batches, layer } = writer(() => Effect.suspend(() => isAway ? Effect.fail(away) : Effect.void))
      const idleSoon = SessionRules.make({ idleTimeout: Option.some(Duration.minutes(5)) })
      yield* Effect.gen(function*() {
        const { token } = yield* logIn.pipe(Effect.provideService(SessionPolicy, idleSoon))
        yield* TestClock.adjust("1 minute")
        yield* touchSession((yield* validateSession(token)).session)
        yield* TestClock.adjust("4 minutes")
        isAway = false
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(batches, [])
        assert.deepInclude({ ...(yield* Effect.flip(validateSession(token))) }, { reason: "idle" })
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("E14 what is to be tried again does not take the place of a later activity", () =>
    Effect.gen(function*() {
      const { batches, layer, open } = yield* awayAtFirst
      yield* Effect.gen(function*() {
        const { token } = yield* logIn
        const use = Effect.flatMap(validateSession(token), ({ session }) => touchSession(session))
        yield* TestClock.adjust("1 minute")
        yield* use
        yield* TestClock.adjust("1 minute")
        yield* use
        yield* open
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(times(batches), [120])
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

  it.effect("a batch of which nothing is left does not hold up the next one", () =>
    Effect.gen(function*() {
      const { batches, layer, open } = yield* awayAtFirst
      const [next] = sessions(1, 1000)
      yield* Effect.gen(function*() {
        yield* TestClock.adjust("1 minute")
        yield* touchAll([...sessions(1000, 0, { idleTimeout: Option.some(Duration.seconds(63)) }), next!])
        yield* TestClock.adjust("4 seconds")
        yield* open
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(batches.flat().map(({ sessionId }) => sessionId), [next!.id])
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(sojourn)))

  it.effect("of more than 10,000 that the store does not take the oldest are let go", () =>
    Effect.gen(function*() {
      let isAway = true
      const { batches, layer } = writer(() => Effect.suspend(() => isAway ? Effect.fail(away) : Effect.void))
      yield* Effect.gen(function*() {
        yield* TestClock.adjust("1 minute")
        yield* touchAll(sessions(10_001))
        isAway = false
        yield* TestClock.adjust("1 second")
      }).pipe(Effect.provide(layer))
      const written = batches.flat().map(({ sessionId }) => sessionId)
      assert.deepStrictEqual([written.length, written.includes(sessions(1)[0]!.id)], [10_000, false])
    }).pipe(Effect.provide(sojourn)))

  it.effect("no more than 10,000 wait together with those that are to be tried again", () =>
    Effect.gen(function*() {
      const { batches, layer, open } = yield* awayAtFirst
      yield* Effect.gen(function*() {
        yield* TestClock.adjust("1 minute")
        yield* touchAll(sessions(500))
        yield* TestClock.adjust("1 second")
        yield* touchAll(sessions(9800, 500))
        yield* open
        yield* TestClock.adjust("2 seconds")
      }).pipe(Effect.provide(layer))
      assert.strictEqual(batches.flat().length, 10_000)
    }).pipe(Effect.provide(sojourn)))
})
