import { assert, describe, it } from "@effect/vitest"
import {
  cacheErrors,
  CreateSession,
  createSession,
  EventBus,
  EventLog,
  SessionCache,
  SessionRepo,
  SessionRepoError,
  sessionsCreated,
  sessionsEnded,
  User,
  UserId
} from "@sojourn/core"
import { EventBusTest, Fixtures, SessionCacheTest, SojournTest } from "@sojourn/testing"
import { type Context, DateTime, Deferred, Effect, Exit, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { recorded } from "./recorded.ts"

const userId = UserId.make("alice")
const sojourn = (limit: number | "unlimited" = "unlimited") =>
  SojournTest.layer({ users: [User.make({ id: userId, maxSessions: Option.some(limit) })] })

const command = CreateSession.make({
  userId,
  ipAddress: Option.some(Fixtures.addresses.documentation),
  userAgent: Option.some(Fixtures.userAgents.chromeOnMacOS)
})

const kept = SessionRepo.use((repo) =>
  Effect.map(
    repo.list({ userId, now: Fixtures.now, all: true, before: Option.none(), limit: 100 }),
    ({ sessions }) => sessions
  )
)
const told = EventLog.use((log) => log.read({ after: 0, limit: 100, userId: Option.none() }))

/** A cache that does nothing else. */
const putting = (put: SessionCache["Service"]["put"]) =>
  Layer.succeed(SessionCache, {
    put,
    fill: () => Effect.void,
    touch: () => Effect.void,
    fence: () => Effect.void,
    get: () => Effect.succeedNone,
    unfenced: () => Effect.succeed([]),
    index: () => Effect.succeed([])
  })

describe("C22 what fails after the commit does not fail the login", () => {
  it.effect.each([
    { how: "fails", cache: SessionCacheTest.failing },
    { how: "has a bug", cache: SessionCacheTest.defective },
    {
      how: "throws",
      cache: putting(() => {
        throw new Error("thrown")
      })
    },
    { how: "is closed meanwhile", cache: putting(() => Effect.interrupt) }
  ])(
    "a cache that $how: logged, counted, and the events are published all the same",
    ({ cache }) =>
      Effect.gen(function*() {
        const bus = EventBusTest.recording()
        const { counted, exit, logs } = yield* recorded(
          createSession(command).pipe(Effect.provide([cache, bus.layer]))
        )
        assert.isTrue(Exit.isSuccess(exit))
        assert.strictEqual((yield* kept).length, 1)
        assert.deepStrictEqual(bus.published, [(yield* told).map(({ event }) => event)])
        assert.strictEqual(logs.length, 1)
        assert.match(logs[0]!, /^Warn .*cache could not be written/)
        assert.strictEqual(counted(cacheErrors), 1)
        assert.strictEqual(counted(sessionsCreated), 1)
      }).pipe(Effect.provide(sojourn()))
  )

  it.effect("a cache that fails for long is counted each time, and told of every half minute", () =>
    Effect.gen(function*() {
      const logins = Effect.gen(function*() {
        const cache = yield* SessionCache
        const login = createSession(command).pipe(Effect.provideService(SessionCache, cache))
        yield* Effect.replicateEffect(login, 3)
        yield* TestClock.adjust("29 seconds")
        yield* login
        yield* TestClock.adjust("2 seconds")
        yield* Effect.replicateEffect(login, 3)
      })
      const { counted, exit, logs } = yield* recorded(Effect.provide(logins, SessionCacheTest.failing))
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(counted(cacheErrors), 7)
      assert.lengthOf(logs.filter((line) => line.includes("cache could not be written")), 2)
    }).pipe(Effect.provide(sojourn())))

  it.effect.each([
    { how: "has a bug", publish: () => Effect.die("EventBusTest.defective") },
    {
      how: "throws",
      publish: () => {
        throw new Error("thrown")
      }
    },
    { how: "is closed meanwhile", publish: () => Effect.interrupt }
  ])("a bus that $how: logged, and cache and event log have the session", ({ publish }) =>
    Effect.gen(function*() {
      const broken = Effect.provideService(EventBus, { ...yield* EventBus, publish })
      const { exit, logs } = yield* recorded(createSession(command).pipe(broken))
      const response = yield* exit
      const { index } = yield* SessionCache
      assert.deepStrictEqual(yield* index(userId, yield* DateTime.now), [response.sessionId])
      assert.strictEqual((yield* told).length, 1)
      assert.strictEqual(logs.length, 1)
      assert.match(logs[0]!, /^Warn .*event bus failed/)
    }).pipe(Effect.provide(sojourn())))

  it.effect("D3 a bus that takes its time is waited for a quarter of a second, logged, and hears it all the same", () =>
    Effect.gen(function*() {
      const heard: Array<string> = []
      const asked = yield* Deferred.make<void>()
      const slow = Effect.provideService(EventBus, {
        ...yield* EventBus,
        publish: (events) =>
          Deferred.succeed(asked, undefined).pipe(
            Effect.andThen(Effect.sleep("1 minute")),
            Effect.andThen(Effect.sync(() => heard.push(...events.map(({ _tag }) => _tag))))
          )
      })
      const { exit, logs } = yield* recorded(
        Effect.gen(function*() {
          const login = yield* Effect.forkChild(createSession(command), { startImmediately: true })
          yield* Deferred.await(asked)
          yield* TestClock.adjust("249 millis")
          assert.isUndefined(login.pollUnsafe())
          yield* TestClock.adjust("1 millis")
          assert.isDefined(login.pollUnsafe())
          yield* TestClock.adjust("1 minute")
        }).pipe(slow)
      )
      yield* exit
      assert.lengthOf(logs, 1)
      assert.match(logs[0]!, /^Warn .*event bus failed/)
      assert.deepStrictEqual(heard, ["SessionCreated"])
    }).pipe(Effect.provide(sojourn())))

  it.effect("a bus that fails is counted, as a cache is", () =>
    Effect.gen(function*() {
      const healthy = yield* recorded(createSession(command))
      const broken = yield* recorded(createSession(command).pipe(Effect.provide(EventBusTest.defective)))
      assert.isAbove(broken.counters.length, healthy.counters.length, "a counter that a healthy login does not touch")
    }).pipe(Effect.provide(sojourn())))

  it.effect("C8 an eviction that the cache does not hear of is in the store and in the response", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const first = yield* createSession(command)
      const { counted, exit } = yield* recorded(createSession(command).pipe(Effect.provide(SessionCacheTest.failing)))
      const second = yield* exit
      assert.deepStrictEqual(second.evicted, [first.sessionId])
      assert.isFalse(Option.getOrThrow(yield* repo.find(first.sessionId)).isActive(yield* DateTime.now))
      assert.strictEqual(counted(sessionsEnded, { reason: "session_limit_exceeded" }), 1)
    }).pipe(Effect.provide(sojourn(1))))
})

describe("the store failing always fails the login", () => {
  it.effect("with its typed error, and cache and bus hear nothing", () =>
    Effect.gen(function*() {
      const error = new SessionRepoError({ operation: "admit", reason: "Unavailable", message: "away", cause: "test" })
      const cache = SessionCacheTest.recording()
      const bus = EventBusTest.recording()
      const failing = Effect.provideService(SessionRepo, { ...yield* SessionRepo, admit: () => Effect.fail(error) })
      const failed = yield* Effect.flip(
        createSession(command).pipe(failing, Effect.provide([cache.layer, bus.layer]))
      )
      assert.strictEqual(failed, error)
      assert.deepStrictEqual([cache.writes, bus.published], [[], []])
    }).pipe(Effect.provide(sojourn())))

  it.effect("C5 cache and bus are told by afterCommit, so never of what was rolled back", () =>
    Effect.gen(function*() {
      const cache = SessionCacheTest.recording()
      const bus = EventBusTest.recording()
      const waiting: Array<Effect.Effect<void>> = []
      const repo = yield* SessionRepo
      const inTransaction = Effect.provideService(SessionRepo, {
        ...repo,
        afterCommit: <R>(effect: Effect.Effect<void, never, R>) =>
          Effect.contextWith((context: Context.Context<R>) =>
            Effect.sync(() => void waiting.push(Effect.provide(effect, context)))
          )
      })
      yield* createSession(command).pipe(inTransaction, Effect.provide([cache.layer, bus.layer]))
      assert.deepStrictEqual([cache.writes, bus.published], [[], []])
      yield* Effect.all(waiting)
      assert.deepStrictEqual([cache.writes.length, bus.published.length], [1, 1])
    }).pipe(Effect.provide(sojourn())))

  it.effect("C5 the cache is written after the store, which has the session by then", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const cache = yield* SessionCache
      const found: Array<boolean> = []
      const looking = Effect.provideService(SessionCache, {
        ...cache,
        put: (session) =>
          Effect.map(Effect.orDie(repo.find(session.id)), (inStore) => void found.push(Option.isSome(inStore)))
      })
      yield* createSession(command).pipe(looking)
      assert.deepStrictEqual(found, [true])
    }).pipe(Effect.provide(sojourn())))

  it.effect("a login born ended is never cached, and those that ended with it are fenced", () =>
    Effect.gen(function*() {
      const cache = SessionCacheTest.recording()
      const repo = yield* SessionRepo
      const other = yield* Fixtures.freshSessionId
      const over = yield* Fixtures.freshSessionId
      const bornEnded = Effect.provideService(SessionRepo, {
        ...repo,
        admit: () => Effect.succeed({ evicted: [other], expired: [over], events: [], bornEnded: true })
      })
      yield* createSession(command).pipe(bornEnded, Effect.provide(cache.layer))
      assert.deepStrictEqual(cache.writes, [{ operation: "fence", userId, fenced: [over, other] }])
    }).pipe(Effect.provide(sojourn())))
})

it.effect("C23 a default expiry beyond the time that there is, is refused like any other", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(Date.parse("2199-12-20T00:00:00Z"))
    assert.strictEqual((yield* Effect.flip(createSession(command)))._tag, "InvalidExpiry")
  }).pipe(Effect.provide(sojourn())))
