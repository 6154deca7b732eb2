import { assert, describe, it } from "@effect/vitest"
import {
  CreateSession,
  createSession,
  EventLog,
  layerSweeper,
  Retention,
  RevokeSession,
  revokeSession,
  SessionCache,
  SessionRepo,
  SessionRepoError,
  sessionsEnded,
  sweepSessions,
  system,
  validateSession
} from "@sojourn/core"
import { EventBusTest, SessionCacheTest } from "@sojourn/testing"
import { DateTime, Duration, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { idleAfter, logIn, sojourn, userId } from "./alice.ts"
import { recorded } from "./recorded.ts"

const counts = Effect.gen(function*() {
  const repo = yield* SessionRepo
  const log = yield* EventLog
  const now = yield* DateTime.now
  const { active, sessions, total } = yield* repo.list({ userId, now, all: true, before: Option.none(), limit: 1000 })
  const events = yield* log.read({ after: 0, limit: 10_000, userId: Option.none() })
  return { total, active, ended: sessions.filter(({ end }) => Option.isSome(end)).length, events: events.length }
})

const logInFor = (lifetime: Duration.Input) =>
  Effect.flatMap(
    DateTime.now,
    (now) => createSession(CreateSession.make({ userId, expiresAt: Option.some(DateTime.addDuration(now, lifetime)) }))
  )

const retain = (sessions: Duration.Input, events: Duration.Input) =>
  Effect.provideService(Retention, {
    sessions: Duration.fromInputUnsafe(sessions),
    events: Duration.fromInputUnsafe(events)
  })

describe("sweepSessions", () => {
  it.effect("P13 ends what is due, fences the cache, tells the bus, counts by reason; live ones stay", () =>
    Effect.gen(function*() {
      const bus = EventBusTest.recording()
      const cache = SessionCacheTest.recording()
      const short = yield* Effect.replicateEffect(logInFor("1 hour"), 2)
      const live = yield* logIn
      yield* TestClock.adjust("1 hour")
      const { counted, exit } = yield* recorded(sweepSessions().pipe(Effect.provide([bus.layer, cache.layer])))
      assert.deepStrictEqual(yield* exit, { ended: 2, purgedSessions: 0, purgedEvents: 0 })
      assert.deepStrictEqual(bus.published.flat().map(({ _tag }) => _tag), ["SessionExpired", "SessionExpired"])
      const [write] = cache.writes
      assert.strictEqual(cache.writes.length, 1)
      assert.isTrue(write!.operation === "fence")
      assert.sameMembers(
        write!.operation === "fence" ? [...write!.fenced] : [],
        short.map(({ sessionId }) => sessionId)
      )
      assert.strictEqual(counted(sessionsEnded, { reason: "expired" }), 2)
      assert.deepStrictEqual(yield* counts, { total: 3, active: 1, ended: 2, events: 5 })
      const cached = yield* SessionCache.use((each) => Effect.flatMap(DateTime.now, (now) => each.index(userId, now)))
      assert.deepStrictEqual(cached, [live.sessionId])
      assert.deepStrictEqual(yield* sweepSessions(), { ended: 0, purgedSessions: 0, purgedEvents: 0 })
    }).pipe(Effect.provide(sojourn)))

  it.effect("V4 V6 what went idle before its absolute end is told as idle, swept or not", () =>
    Effect.gen(function*() {
      const { token } = yield* logIn.pipe(idleAfter("1 hour", "2 hours"))
      yield* TestClock.adjust("3 hours")
      const reason = Effect.map(Effect.flip(validateSession(token)), (error) => "reason" in error && error.reason)
      const before = yield* reason
      yield* sweepSessions()
      assert.deepStrictEqual([before, yield* reason], ["idle", "idle"])
    }).pipe(Effect.provide(sojourn)))

  it.effect("P13 in batches of 500, until nothing is due", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const batches: Array<number> = []
      yield* Effect.replicateEffect(logInFor("1 hour"), 1001)
      yield* TestClock.adjust("1 hour")
      const counting = Effect.provideService(SessionRepo, {
        ...repo,
        sweep: (now, limit) =>
          Effect.tap(repo.sweep(now, limit), (events) => Effect.sync(() => batches.push(events.length)))
      })
      assert.deepInclude(yield* sweepSessions().pipe(counting), { ended: 1001 })
      assert.deepStrictEqual(batches, [500, 500, 1, 0])
    }).pipe(Effect.provide(sojourn)))

  it.effect("P13 a sweep that stops after a batch is taken up by the next one", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const away = new SessionRepoError({ operation: "sweep", reason: "Unavailable", message: "away", cause: "test" })
      yield* Effect.replicateEffect(logInFor("1 hour"), 600)
      yield* TestClock.adjust("1 hour")
      let batches = 0
      const stopping = Effect.provideService(SessionRepo, {
        ...repo,
        sweep: (now, limit) => Effect.suspend(() => ++batches > 1 ? Effect.fail(away) : repo.sweep(now, limit))
      })
      assert.strictEqual(yield* Effect.flip(sweepSessions().pipe(stopping)), away)
      assert.deepInclude(yield* counts, { ended: 500 })
      assert.deepInclude(yield* sweepSessions(), { ended: 100 })
      assert.deepInclude(yield* counts, { ended: 600, events: 1200 })
    }).pipe(Effect.provide(sojourn)))

  it.effect("P11 sessions are deleted after their retention, events after theirs, none before", () =>
    Effect.gen(function*() {
      yield* logInFor("1 day")
      const { sessionId } = yield* logInFor("300 days")
      yield* revokeSession(RevokeSession.make({ sessionId, actor: system }))
      yield* logInFor("300 days")
      const sweep = sweepSessions().pipe(retain("10 days", "20 days"))
      yield* TestClock.adjust("10 days")
      assert.deepStrictEqual(yield* sweep, { ended: 1, purgedSessions: 0, purgedEvents: 0 })
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* sweep, { ended: 0, purgedSessions: 1, purgedEvents: 0 })
      yield* TestClock.adjust("10 days")
      assert.deepStrictEqual(yield* sweep, { ended: 0, purgedSessions: 1, purgedEvents: 4 })
      assert.deepStrictEqual(yield* counts, { total: 1, active: 1, ended: 0, events: 1 })
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(yield* sweep, { ended: 0, purgedSessions: 0, purgedEvents: 1 })
    }).pipe(Effect.provide(sojourn)))

  it.effect("P11 by default 90 and 365 days", () =>
    Effect.gen(function*() {
      const { events, sessions } = yield* Retention
      assert.deepStrictEqual([Duration.toDays(sessions), Duration.toDays(events)], [90, 365])
    }))
})

describe("layerSweeper", () => {
  it.effect("P13 sweeps at intervals, also after one that failed, which is logged", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const away = new SessionRepoError({ operation: "sweep", reason: "Unavailable", message: "away", cause: "test" })
      let sweeps = 0
      const once = Layer.succeed(SessionRepo, {
        ...repo,
        purge: (before, limit) => Effect.suspend(() => ++sweeps === 2 ? Effect.fail(away) : repo.purge(before, limit))
      })
      const { exit, logs } = yield* recorded(
        Effect.gen(function*() {
          yield* logInFor("45 seconds")
          yield* TestClock.adjust("30 seconds")
          assert.deepInclude(yield* counts, { ended: 0 })
          yield* TestClock.adjust("30 seconds")
          assert.deepInclude(yield* counts, { ended: 1 })
        }).pipe(Effect.provide(Layer.provide(layerSweeper(), once)))
      )
      yield* exit
      assert.strictEqual(sweeps, 3)
      assert.strictEqual(logs.length, 1)
      assert.match(logs[0]!, /^Warn A sweep failed/)
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(sweeps, 3, "it ends with its Layer")
    }).pipe(Effect.provide(sojourn)))
})
