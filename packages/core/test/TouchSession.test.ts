import { assert, describe, it } from "@effect/vitest"
import {
  CachedSession,
  RevokeSession,
  revokeSession,
  SessionRepo,
  system,
  touchSession,
  validateSession
} from "@sojourn/core"
import { SessionCacheTest } from "@sojourn/testing"
import { DateTime, Duration, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { idleAfter, logIn, sojourn } from "./alice.ts"
import { times, writer } from "./writer.ts"

/** Uses the session every second for so long, as a busy client does. */
const useEverySecond = Effect.fnUntraced(function*(token: Parameters<typeof validateSession>[0], seconds: number) {
  for (let second = 0; second < seconds; second++) {
    yield* TestClock.adjust("1 second")
    yield* touchSession((yield* validateSession(token)).session)
  }
})

describe("touchSession", () => {
  it.effect.each(
    [
      { idle: "10 minutes", every: 60 },
      { idle: "1 hour", every: 60 },
      { idle: "5 minutes", every: 30 },
      { idle: "100 seconds", every: 10 }
    ] as const
  )(
    "E14 with an idle timeout of $idle it writes at most once in $every seconds",
    ({ every, idle }) =>
      Effect.gen(function*() {
        const { batches, layer } = writer()
        yield* Effect.gen(function*() {
          const { token } = yield* logIn.pipe(idleAfter(idle))
          yield* useEverySecond(token, 200)
          yield* TestClock.adjust("2 seconds")
        }).pipe(Effect.provide(layer))
        const written = times(batches)
        assert.isAtLeast(written.length, Math.floor(200 / (every + 2)))
        for (const [nth, at] of written.entries()) {
          assert.isAtLeast(at - (written[nth - 1] ?? 0), every)
        }
      }).pipe(Effect.provide(sojourn))
  )

  it.effect("E14 without an idle timeout at most once a minute", () =>
    Effect.gen(function*() {
      const { batches, layer } = writer()
      yield* Effect.gen(function*() {
        const { token } = yield* logIn
        yield* useEverySecond(token, 200)
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(times(batches).slice(0, 1), [60])
      assert.isTrue(times(batches).every((at, nth, all) => at - (all[nth - 1] ?? 0) >= 60))
    }).pipe(Effect.provide(sojourn)))

  it.effect("E14 whoever keeps an old copy of the session writes no more often", () =>
    Effect.gen(function*() {
      const { batches, layer } = writer()
      yield* Effect.gen(function*() {
        const { session } = yield* validateSession((yield* logIn).token)
        for (let second = 0; second < 119; second++) {
          yield* TestClock.adjust("1 second")
          yield* touchSession(session)
        }
        yield* TestClock.adjust("2 seconds")
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(times(batches), [60])
    }).pipe(Effect.provide(sojourn)))

  it.effect("E14 an old copy of a session that was used meanwhile keeps it alive", () =>
    Effect.gen(function*() {
      const { batches, layer } = writer()
      yield* Effect.gen(function*() {
        const { session } = yield* validateSession((yield* logIn.pipe(idleAfter("5 minutes"))).token)
        yield* TestClock.adjust("1 minute")
        yield* touchSession(session)
        yield* TestClock.adjust("270 seconds")
        yield* touchSession(session)
        yield* TestClock.adjust("2 seconds")
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(times(batches), [60, 330])
    }).pipe(Effect.provide(sojourn)))

  it.effect("E14 writes nothing on the request's path: store and cache see it within a second, in one batch", () =>
    Effect.gen(function*() {
      const cache = SessionCacheTest.recording()
      const { batches, layer } = writer()
      yield* Effect.gen(function*() {
        const tokens = (yield* Effect.replicateEffect(logIn, 50)).map(({ token }) => token)
        yield* TestClock.adjust("1 minute")
        for (const token of tokens) yield* touchSession((yield* validateSession(token)).session)
        assert.deepStrictEqual(batches, [])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(batches.map((batch) => batch.length), [50])
        assert.strictEqual(cache.writes.filter(({ operation }) => operation === "touch").length, 50)
        const { session } = yield* validateSession(tokens[0]!)
        assert.deepStrictEqual(DateTime.toEpochMillis(session.lastActivityAt), 60_000, "from the cache")
      }).pipe(Effect.provide(Layer.provideMerge(layer, cache.layer)))
    }).pipe(Effect.provide(sojourn)))

  it.effect("E16 E17 the address goes with it; one that cannot be read is as none", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const first = yield* logIn
      const second = yield* logIn
      yield* TestClock.adjust("1 minute")
      yield* touchSession((yield* validateSession(first.token)).session, Option.some("203.0.113.7"))
      yield* touchSession((yield* validateSession(second.token)).session, Option.some("8.8.8.8:443"))
      yield* TestClock.adjust("1 second")
      const [a, b] = yield* Effect.forEach([first, second], ({ sessionId }) => repo.find(sessionId))
      assert.deepStrictEqual(
        Option.map(a!, ({ ipAddress, lastIpAddress }) => [ipAddress, lastIpAddress]),
        Option.some([Option.some("203.0.113.7"), Option.some("203.0.113.7")])
      )
      const { lastActivityAt, lastIpAddress } = Option.getOrThrow(b!)
      assert.deepStrictEqual([DateTime.toEpochMillis(lastActivityAt), lastIpAddress], [60_000, Option.none()])
    }).pipe(Effect.provide(sojourn)))

  it.effect("V11 an activity that is written after the session ended changes nothing, in store and cache", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { sessionId, token } = yield* logIn
      yield* TestClock.adjust("1 minute")
      yield* touchSession((yield* validateSession(token)).session)
      yield* revokeSession(RevokeSession.make({ sessionId, actor: system }))
      const before = yield* repo.find(sessionId)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* repo.find(sessionId), before)
      assert.deepInclude({ ...(yield* Effect.flip(validateSession(token))) }, { _tag: "SessionNotActive" })
    }).pipe(Effect.provide(sojourn)))

  it.effect("V5 a session that is over is not recorded at all", () =>
    Effect.gen(function*() {
      const { batches, layer } = writer()
      yield* Effect.gen(function*() {
        const { token } = yield* logIn
        const { session } = yield* validateSession(token)
        yield* TestClock.adjust("30 days")
        yield* touchSession(session)
        yield* touchSession(CachedSession.make({ ...session, idleTimeout: Option.some(Duration.hours(1)) }))
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(batches, [])
    }).pipe(Effect.provide(sojourn)))
})
