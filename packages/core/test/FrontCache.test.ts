import { assert, it } from "@effect/vitest"
import {
  CachedSession,
  type CacheInvalidation,
  CacheInvalidations,
  FrontCache,
  routingTag,
  SecretHash,
  SessionCache,
  SessionCacheError,
  SessionCacheInProcess,
  type SessionId,
  StalenessBound
} from "@sojourn/core"
import { revocationLag } from "@sojourn/core/SessionMetrics"
import * as Fixtures from "@sojourn/testing/Fixtures"
import * as SecureRandomTest from "@sojourn/testing/SecureRandomTest"
import {
  Context,
  DateTime,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Metric,
  Option,
  Queue,
  Stream
} from "effect"
import { TestClock } from "effect/testing"

/** The hash with another digit at this place. */
const otherwise = (hash: SecretHash, at: number) =>
  SecretHash.make(`${hash.slice(0, at)}${hash[at] === "0" ? "1" : "0"}${hash.slice(at + 1)}`)

/** A front cache before a shared one that counts what it is asked, can be made to fail, and can be held up. */
const setup = Effect.fnUntraced(function*(options: FrontCache.Options = {}) {
  yield* TestClock.setTime(Fixtures.now.epochMilliseconds)
  const shared = Context.get(yield* Layer.build(SessionCacheInProcess.layer()), SessionCache)
  const messages = yield* Queue.unbounded<CacheInvalidation>()
  const asked: Array<SessionId> = []
  let hold = Effect.void
  let isAway = false
  const away = new SessionCacheError({ operation: "fence", message: "The cache is away", cause: "test" })
  const counted = SessionCache.of({
    ...shared,
    get: (id, tag, now) =>
      Effect.suspend(() => {
        asked.push(id)
        return Effect.tap(shared.get(id, tag, now), () => hold)
      }),
    fence: (userId, ids, now) => Effect.suspend(() => isAway ? Effect.fail(away) : shared.fence(userId, ids, now))
  })
  const context = yield* Layer.build(
    FrontCache.layer(options).pipe(
      Layer.provide(Layer.mergeAll(
        Layer.succeed(SessionCache, counted),
        Layer.succeed(CacheInvalidations, { invalidations: Stream.fromQueue(messages) })
      ))
    )
  )
  const front = Context.get(context, SessionCache)
  const tell = (message: CacheInvalidation) =>
    Effect.andThen(Queue.offer(messages, message), TestClock.adjust("1 millis"))
  yield* tell({ _tag: "Listening" })
  return {
    asked,
    front,
    shared,
    tell,
    holdUp: (gate: Effect.Effect<void>) => {
      hold = gate
    },
    goAway: () => {
      isAway = true
    },
    ended: (...sessions: ReadonlyArray<CachedSession>) =>
      Effect.flatMap(
        DateTime.now,
        (now) => tell({ _tag: "Ended", sessionIds: sessions.map(({ id }) => id), at: now.epochMilliseconds })
      ),
    get: (session: CachedSession) =>
      Effect.flatMap(DateTime.now, (now) => front.get(session.id, routingTag(session.userId), now)),
    fill: (session: CachedSession) => Effect.flatMap(DateTime.now, (now) => front.fill(session, now))
  }
})

const fresh = Effect.map(Fixtures.freshSessionId, (id) => Fixtures.cachedSession({ id }))
const rotated = (session: CachedSession) =>
  CachedSession.make({ ...session, secretHash: SecretHash.make("e1".repeat(32)) })

it.layer(SecureRandomTest.layer())("FrontCache", (it) => {
  it.effect("V8 a warm front cache asks nobody", () =>
    Effect.gen(function*() {
      const { asked, fill, get } = yield* setup()
      const session = yield* fresh
      yield* fill(session)
      for (let times = 0; times < 100; times++) assert.deepStrictEqual(yield* get(session), Option.some(session))
      assert.deepStrictEqual(asked, [])
    }))

  it.effect("V8 what the shared cache answers is kept for the time to live, and no longer", () =>
    Effect.gen(function*() {
      const { asked, get, shared } = yield* setup({ timeToLive: "2 seconds" })
      const session = yield* fresh
      yield* shared.put(session, [], yield* DateTime.now)
      yield* get(session)
      yield* TestClock.adjust("1999 millis")
      assert.deepStrictEqual(yield* get(session), Option.some(session))
      assert.strictEqual(asked.length, 1)
      yield* TestClock.adjust("1 millis")
      yield* get(session)
      assert.strictEqual(asked.length, 2)
    }))

  it.effect("V8 V11 what is at hand without an effect is what is kept: not once it is too old, ended or unknown", () =>
    Effect.gen(function*() {
      const { ended, fill, front, shared } = yield* setup({ timeToLive: "2 seconds" })
      const peek = (session: CachedSession) =>
        Effect.map(DateTime.now, (now) => front.peek?.(session.id, session.secretHash, now.epochMilliseconds))
      const [one, other, elsewhere] = [yield* fresh, yield* fresh, yield* fresh]
      yield* shared.put(elsewhere, [], yield* DateTime.now)
      yield* fill(one)
      yield* fill(other)
      assert.deepStrictEqual(yield* peek(one), one)
      for (let at = 0; at < 64; at++) {
        assert.isUndefined(
          yield* peek(CachedSession.make({ ...one, secretHash: otherwise(one.secretHash, at) })),
          `${at}`
        )
      }
      assert.isUndefined(yield* peek(elsewhere))
      yield* ended(one)
      assert.isUndefined(yield* peek(one))
      yield* TestClock.adjust("1998 millis")
      assert.deepStrictEqual(yield* peek(other), other)
      yield* TestClock.adjust("1 millis")
      assert.isUndefined(yield* peek(other))
    }))

  it.effect("V11 what another process ended is gone at once, and stays away", () =>
    Effect.gen(function*() {
      const { asked, ended, fill, get, shared } = yield* setup()
      const [one, other] = [yield* fresh, yield* fresh]
      yield* fill(one)
      yield* fill(other)
      yield* ended(one)
      assert.deepStrictEqual(yield* get(one), Option.none())
      assert.deepStrictEqual(yield* get(other), Option.some(other))
      yield* fill(one)
      yield* shared.put(one, [], yield* DateTime.now)
      assert.deepStrictEqual(yield* get(one), Option.none())
      assert.deepStrictEqual(asked, [])
    }))

  it.effect("V11 what this process ended stays away, although the shared cache could not be told", () =>
    Effect.gen(function*() {
      const { fill, front, get, goAway, shared } = yield* setup()
      const session = yield* fresh
      yield* fill(session)
      goAway()
      const now = yield* DateTime.now
      assert.isTrue(Exit.isFailure(yield* Effect.exit(front.fence(session.userId, [session.id], now))))
      assert.isTrue(Option.isSome(yield* shared.get(session.id, routingTag(session.userId), now)))
      assert.deepStrictEqual(yield* get(session), Option.none())
    }))

  it.effect("V11 an answer that was under way when the session ended is none, and is not kept", () =>
    Effect.gen(function*() {
      const { ended, get, holdUp, shared } = yield* setup()
      const session = yield* fresh
      yield* shared.put(session, [], yield* DateTime.now)
      const gate = yield* Deferred.make<void>()
      holdUp(Deferred.await(gate))
      const late = yield* Effect.forkChild(get(session), { startImmediately: true })
      yield* ended(session)
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* Fiber.join(late), Option.none())
      assert.deepStrictEqual(yield* get(session), Option.none())
    }))

  it.effect("V11 while the channel is lost nothing is kept, and what was asked before it was back is not either", () =>
    Effect.gen(function*() {
      const { asked, fill, get, shared, tell, front } = yield* setup()
      const session = yield* fresh
      yield* fill(session)
      yield* tell({ _tag: "Lost" })
      yield* get(session)
      yield* fill(session)
      yield* front.put(session, [], yield* DateTime.now)
      yield* get(session)
      assert.strictEqual(asked.length, 2)

      const before = yield* DateTime.now
      yield* tell({ _tag: "Listening" })
      yield* front.fill(session, before)
      yield* get(session)
      assert.strictEqual(asked.length, 3)
      yield* get(session)
      assert.strictEqual(asked.length, 3)
      assert.isTrue(Option.isSome(yield* shared.get(session.id, routingTag(session.userId), before)))
    }))

  it.effect("V11 with another secret the entry goes, late answers stay out, and the next is kept", () =>
    Effect.gen(function*() {
      const { asked, fill, front, get, shared, tell } = yield* setup()
      const session = yield* fresh
      yield* fill(session)
      const before = yield* DateTime.now
      yield* shared.put(rotated(session), [], before)
      yield* tell({ _tag: "Changed", sessionIds: [session.id], at: before.epochMilliseconds })
      yield* front.fill(session, before)
      assert.deepStrictEqual(yield* get(session), Option.some(rotated(session)))
      assert.deepStrictEqual(yield* get(session), Option.some(rotated(session)))
      assert.strictEqual(asked.length, 1)
    }))

  it.effect("V11 of two secrets neither is kept, as one of them is out of date", () =>
    Effect.gen(function*() {
      const { asked, fill, front, get } = yield* setup()
      const session = yield* fresh
      yield* front.put(rotated(session), [], yield* DateTime.now)
      yield* fill(session)
      assert.deepStrictEqual(yield* get(session), Option.some(rotated(session)))
      assert.strictEqual(asked.length, 1)
    }))

  it.effect("V11 activity keeps no entry longer, and brings none", () =>
    Effect.gen(function*() {
      const { asked, fill, front, get } = yield* setup()
      const session = yield* fresh
      yield* front.touch(session, yield* DateTime.now)
      yield* fill(session)
      yield* TestClock.adjust("4 seconds")
      const now = yield* DateTime.now
      const used = CachedSession.make({ ...session, lastActivityAt: now })
      yield* front.touch(used, now)
      yield* front.touch(rotated(used), now)
      assert.deepStrictEqual(yield* get(session), Option.some(used))
      assert.deepStrictEqual(asked, [])
      yield* TestClock.adjust("1 second")
      yield* get(session)
      assert.strictEqual(asked.length, 1)
    }))

  it.effect("V11 a read that was made but not run yet does not see what ended since", () =>
    Effect.gen(function*() {
      const { fill, front } = yield* setup()
      const session = yield* fresh
      yield* fill(session)
      const now = yield* DateTime.now
      const read = front.get(session.id, routingTag(session.userId), now)
      yield* front.fence(session.userId, [session.id], now)
      assert.deepStrictEqual(yield* read, Option.none())
    }))

  it.effect("K4 memory is bounded, and endings that are no longer remembered keep late fills out all the same", () =>
    Effect.gen(function*() {
      const { asked, ended, fill, front, get, shared } = yield* setup({ capacity: 10 })
      const sessions = yield* Effect.replicateEffect(fresh, 30)
      yield* Effect.forEach(sessions, fill)
      yield* Effect.forEach(sessions, get)
      assert.isAtLeast(asked.length, 20)

      const before = yield* DateTime.now
      yield* Effect.forEach(sessions, (session) => ended(session))
      const first = sessions[0]!
      yield* shared.fence(first.userId, [first.id], yield* DateTime.now)
      yield* front.fill(first, before)
      asked.length = 0
      assert.deepStrictEqual(yield* get(first), Option.none())
      assert.deepStrictEqual(asked, [first.id])

      const next = yield* fresh
      yield* fill(next)
      asked.length = 0
      yield* get(next)
      assert.deepStrictEqual(asked, [])
    }))

  it.effect("V11 the metric tells how long it took until this process knew", () =>
    Effect.gen(function*() {
      const { ended, fill, front, tell } = yield* setup()
      const [one, own] = [yield* fresh, yield* fresh]
      const { count, sum } = yield* Metric.value(revocationLag)
      const at = (yield* DateTime.now).epochMilliseconds
      yield* fill(one)
      yield* TestClock.adjust("30 millis")
      yield* tell({ _tag: "Ended", sessionIds: [one.id], at })
      yield* front.fence(own.userId, [own.id], yield* DateTime.now)
      yield* ended(own)
      const after = yield* Metric.value(revocationLag)
      assert.strictEqual(after.count - count, 1)
      assert.closeTo(after.sum - sum, 0.03, 1e-6)
    }))

  it.effect("K4 times that add up to more than what is promised are refused", () =>
    Effect.gen(function*() {
      const error = yield* setup({ timeToLive: "5001 millis" }).pipe(Effect.flip)
      assert.instanceOf(error, FrontCache.StalenessTooLong)
      assert.include(error.message, "60001 ms")
      const short = Layer.succeed(StalenessBound, Duration.seconds(50))
      yield* setup({ timeToLive: "10 seconds" }).pipe(Effect.provide(short))
    }))
})
