import { assert, describe, it } from "@effect/vitest"
import {
  CredentialRepo,
  eraseUser,
  EventLog,
  RecordSuspiciousActivity,
  recordSuspiciousActivity,
  RevokeAllSessions,
  revokeAllSessions,
  RevokeSession,
  revokeSession,
  rotateSession,
  SessionRepo,
  SessionRepoError,
  sweepSessions,
  system,
  trustSession
} from "@sojourn/core"
import { EventBusTest, SessionCacheTest } from "@sojourn/testing"
import { type Context, Effect, Exit, Fiber, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { logIn, sojourn, userId } from "./alice.ts"
import { recorded } from "./recorded.ts"

type Login = Effect.Success<typeof logIn>

/** A handler that changes something, what it writes to the cache, and the events of which it tells. */
interface Handler {
  readonly name: string
  readonly change: (login: Login) => Effect.Effect<unknown, object, Layer.Success<typeof sojourn>>
  readonly writes?: ReadonlyArray<string>
  readonly tells: ReadonlyArray<string>
}

const handlers: ReadonlyArray<Handler> = [
  {
    name: "revokeSession",
    change: ({ sessionId }: Login) => revokeSession(RevokeSession.make({ sessionId, actor: system })),
    writes: ["fence"],
    tells: ["SessionRevoked"]
  },
  {
    name: "revokeAllSessions",
    change: () => revokeAllSessions(RevokeAllSessions.make({ userId, actor: system })),
    writes: ["fence"],
    tells: ["SessionRevoked", "SessionsRevoked"]
  },
  {
    name: "eraseUser",
    change: () => eraseUser(userId, system),
    writes: ["fence"],
    tells: ["SessionRevoked", "SessionsRevoked"]
  },
  {
    name: "rotateSession",
    change: ({ token }: Login) => rotateSession(token),
    writes: ["put"],
    tells: ["SessionRotated"]
  },
  {
    name: "trustSession",
    change: ({ sessionId }: Login) => trustSession(sessionId, userId),
    writes: ["put"],
    tells: ["SessionTrusted"]
  },
  {
    name: "recordSuspiciousActivity",
    change: ({ sessionId }: Login) =>
      recordSuspiciousActivity(RecordSuspiciousActivity.make({ sessionId, endAt: Option.some(1) })),
    writes: ["fence"],
    tells: ["SuspiciousActivityRecorded", "SessionRevoked"]
  },
  {
    name: "sweepSessions",
    change: () => Effect.andThen(TestClock.adjust("31 days"), sweepSessions()),
    writes: ["fence"],
    tells: ["SessionExpired"]
  }
]

const away = new SessionRepoError({ operation: "test", reason: "Unavailable", message: "away", cause: "test" })
const storeAway = Effect.provide(Layer.merge(
  Layer.effect(
    SessionRepo,
    Effect.map(SessionRepo, (repo) => ({
      ...repo,
      end: () => Effect.fail(away),
      endAll: () => Effect.fail(away),
      erase: () => Effect.fail(away),
      sweep: () => Effect.fail(away)
    }))
  ),
  Layer.effect(
    CredentialRepo,
    Effect.map(CredentialRepo, (repo) => ({
      ...repo,
      rotate: () => Effect.fail(away),
      trust: () => Effect.fail(away),
      recordSuspicion: () => Effect.fail(away)
    }))
  )
))
const tags = (events: ReadonlyArray<{ readonly _tag: string }>) => events.map(({ _tag }) => _tag)

describe.each(handlers)("$name", ({ change, tells, writes = [] }) => {
  it.effect("R3 R4 tells cache and bus what it did, in one write and in the order of the log", () =>
    Effect.gen(function*() {
      const cache = SessionCacheTest.recording()
      const bus = EventBusTest.recording()
      const login = yield* logIn
      yield* change(login).pipe(Effect.provide([cache.layer, bus.layer]))
      assert.deepStrictEqual(cache.writes.map(({ operation }) => operation), writes)
      assert.deepStrictEqual(tags(bus.published.flat()), tells)
      const logged = yield* EventLog.use((log) => log.read({ after: 1, limit: 100, userId: Option.none() }))
      assert.deepStrictEqual(tags(logged.map(({ event }) => event)), tells)
    }).pipe(Effect.provide(sojourn)))

  it.effect("C22 a cache and a bus that fail do not fail it, and are logged", () =>
    Effect.gen(function*() {
      const login = yield* logIn
      const broken = Effect.provide([SessionCacheTest.failing, EventBusTest.defective])
      const { exit, logs } = yield* recorded(change(login).pipe(broken))
      assert.isTrue(Exit.isSuccess(exit))
      assert.isAtLeast(logs.length, 1)
      assert.isTrue(logs.every((line) => /^Warn .*(session cache could not be written|event bus failed)/.test(line)))
    }).pipe(Effect.provide(sojourn)))

  it.effect("C22 a store that fails fails it with its typed error, and nobody is told", () =>
    Effect.gen(function*() {
      const cache = SessionCacheTest.recording()
      const bus = EventBusTest.recording()
      const login = yield* logIn
      const failed = yield* Effect.flip(change(login).pipe(storeAway, Effect.provide([cache.layer, bus.layer])))
      assert.strictEqual(failed, away)
      assert.deepStrictEqual([cache.writes, bus.published], [[], []])
    }).pipe(Effect.provide(sojourn)))

  it.effect("C5 tells by afterCommit, so never of what was rolled back", () =>
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
      const login = yield* logIn
      yield* change(login).pipe(inTransaction, Effect.provide([cache.layer, bus.layer]))
      assert.deepStrictEqual([cache.writes, bus.published], [[], []])
      yield* Effect.all(waiting)
      assert.deepStrictEqual(cache.writes.map(({ operation }) => operation), writes)
      assert.deepStrictEqual(tags(bus.published.flat()), tells)
    }).pipe(Effect.provide(sojourn)))

  it.effect("R3 C22 what is committed is told, even if the caller is interrupted then", () =>
    Effect.gen(function*() {
      const bus = EventBusTest.recording()
      const repo = yield* SessionRepo
      const interrupting = Effect.provideService(SessionRepo, {
        ...repo,
        afterCommit: <R>(effect: Effect.Effect<void, never, R>) =>
          Effect.andThen(Effect.withFiber((fiber) => Effect.sync(() => fiber.interruptUnsafe())), effect)
      })
      const login = yield* logIn
      const caller = yield* Effect.forkChild(change(login).pipe(interrupting, Effect.provide(bus.layer)))
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(caller)))
      assert.strictEqual(tags(bus.published.flat())[0], tells[0])
    }).pipe(Effect.provide(sojourn)))
})
