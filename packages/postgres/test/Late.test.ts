/** Callers who go away when their statement is under way already. */
import { assert, layer } from "@effect/vitest"
import {
  CreateSession,
  createSession,
  DeviceEnricher,
  EventBus,
  EventBusInProcess,
  LocationEnricher,
  RecordSuspiciousActivity,
  recordSuspiciousActivity,
  RevokeAllSessions,
  revokeAllSessions,
  RevokeSession,
  revokeSession,
  SessionCacheInProcess,
  SessionLookup,
  SessionRepo,
  type SessionToken,
  system,
  trustSession,
  User,
  UserId,
  UserRepo,
  validateSession
} from "@sojourn/core"
import { Effect, Fiber, Layer, Option, Schedule, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { holdLock, lockWaits, postgres } from "./database.ts"

const application = Layer.mergeAll(
  SessionLookup.layer,
  SessionCacheInProcess.layer(),
  EventBusInProcess.layer(),
  DeviceEnricher.layerDisabled,
  LocationEnricher.layerDisabled
).pipe(Layer.provideMerge(postgres()))

const signIn = (userId: UserId) => createSession(CreateSession.make({ userId }))

/** A new user's session, in the cache as well. */
const signedIn = Effect.fnUntraced(function*(name: string, maxSessions?: number) {
  const userId = UserId.make(name)
  yield* UserRepo.use((users) => users.put(User.make({ id: userId, maxSessions: Option.fromUndefinedOr(maxSessions) })))
  const { sessionId, token } = yield* signIn(userId)
  yield* validateSession(token)
  return { userId, sessionId, token }
})

/** What the bus tells from now on, so many events. */
const hear = (count: number) =>
  Effect.flatMap(
    EventBus,
    ({ events }) => Effect.forkChild(Stream.runCollect(Stream.take(events, count)), { startImmediately: true })
  )

const assertTold = Effect.fnUntraced(function*(
  told: Effect.Success<ReturnType<typeof hear>>,
  tags: ReadonlyArray<string>
) {
  const events = yield* Effect.timeout(Fiber.join(told), "10 seconds")
  assert.deepStrictEqual(events.map(({ _tag }) => _tag), tags)
})

const assertNotActive = Effect.fnUntraced(function*(token: SessionToken) {
  const error = yield* Effect.flip(validateSession(token))
  assert.strictEqual(error._tag, "SessionNotActive")
})

/** Starts it while the user's lock is taken, and interrupts it as soon as it waits for that in the database. */
const goneMeanwhile = Effect.fnUntraced(function*<A, E, R>(userId: UserId, change: Effect.Effect<A, E, R>) {
  const release = yield* holdLock(userId)
  const caller = yield* Effect.forkChild(change)
  yield* lockWaits(1)
  yield* Fiber.interrupt(caller)
  yield* release
})

layer(application, { excludeTestServices: true, timeout: "60 seconds" })("late outcomes", (it) => {
  it.effect("C22 a login that goes in after its caller has gone is told: what it evicted is not accepted any more", () =>
    Effect.gen(function*() {
      const { token, userId } = yield* signedIn("alice", 1)
      const told = yield* hear(2)
      yield* goneMeanwhile(userId, signIn(userId))
      yield* assertTold(told, ["SessionEvicted", "SessionCreated"])
      yield* assertNotActive(token)
    }))

  it.effect("V11 a session that is revoked after its caller has gone is not accepted any more", () =>
    Effect.gen(function*() {
      const { sessionId, token, userId } = yield* signedIn("bob")
      const told = yield* hear(1)
      yield* goneMeanwhile(userId, revokeSession(RevokeSession.make({ sessionId, actor: system })))
      yield* assertTold(told, ["SessionRevoked"])
      yield* assertNotActive(token)
      const stored = yield* SessionRepo.use((repo) => repo.find(sessionId))
      assert.isTrue(Option.isSome(Option.getOrThrow(stored).end))
    }))

  it.effect("V11 A2 likewise of all a user's sessions", () =>
    Effect.gen(function*() {
      const { token, userId } = yield* signedIn("carol")
      const told = yield* hear(2)
      yield* goneMeanwhile(userId, revokeAllSessions(RevokeAllSessions.make({ userId, actor: system })))
      yield* assertTold(told, ["SessionRevoked", "SessionsRevoked"])
      yield* assertNotActive(token)
    }))

  it.effect("E26 a session that is trusted after its caller has gone is trusted in the cache, too", () =>
    Effect.gen(function*() {
      const { sessionId, token, userId } = yield* signedIn("erin")
      yield* goneMeanwhile(userId, trustSession(sessionId, userId))
      yield* validateSession(token).pipe(
        Effect.repeat({ until: ({ session }) => session.trusted, schedule: Schedule.spaced("10 millis") }),
        Effect.timeout("5 seconds")
      )
    }))

  it.effect("E24 suspicious activity ends the session at its count, whether or not who did it waits for the answer", () =>
    Effect.gen(function*() {
      const { sessionId, token, userId } = yield* signedIn("frank")
      const told = yield* hear(2)
      const suspicion = RecordSuspiciousActivity.make({ sessionId, endAt: Option.some(1) })
      yield* goneMeanwhile(userId, recordSuspiciousActivity(suspicion))
      yield* assertTold(told, ["SuspiciousActivityRecorded", "SessionRevoked"])
      yield* assertNotActive(token)
    }))

  it.effect("C21 in a transaction that is interrupted nothing goes on", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const userId = UserId.make("dave")
      yield* UserRepo.use((users) => users.put(User.make({ id: userId })))
      const { token } = yield* signIn(userId)
      yield* goneMeanwhile(
        userId,
        sql.withTransaction(revokeAllSessions(RevokeAllSessions.make({ userId, actor: system })))
      )
      // Whoever goes on would have had the lock before.
      yield* signIn(userId)
      yield* validateSession(token)
      const stored = yield* sql`SELECT 1 FROM sojourn.sessions WHERE user_id = ${userId} AND ended_at IS NOT NULL`
      assert.strictEqual(stored.length, 0)
    }))
})
