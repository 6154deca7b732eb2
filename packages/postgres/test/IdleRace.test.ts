/** Logins against activities of sessions that are going idle. */
import { assert, layer } from "@effect/vitest"
import {
  CredentialRepo,
  EventLog,
  SessionEnd,
  type SessionId,
  SessionRepo,
  SessionRules,
  system,
  User,
  type UserId,
  UserRepo
} from "@sojourn/core"
import { make as makeAdmit } from "@sojourn/postgres/Admit"
import { Fixtures } from "@sojourn/testing"
import { DateTime, Duration, Effect, Fiber, Option, Random, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { held, lockWaits, postgres } from "./database.ts"

const rules = SessionRules.make({})
const idleAt = Fixtures.after("1 hour")
const justBefore = DateTime.subtract(idleAt, { milliseconds: 1 })

const givenUser = Effect.fnUntraced(function*(limit: number) {
  const userId = yield* Fixtures.freshUserId
  yield* UserRepo.use((users) => users.put(User.make({ id: userId, maxSessions: Option.some(limit) })))
  return userId
})

const logIn = Effect.fnUntraced(function*(userId: UserId, createdAt: DateTime.Utc) {
  const asking = yield* Fixtures.candidate({ userId, createdAt, idleTimeout: Option.some(Duration.hours(1)) })
  const admission = yield* SessionRepo.use((repo) => repo.admit(asking, rules))
  return { ...admission, sessionId: asking.session.id }
})

const touch = (...ids: ReadonlyArray<SessionId>) =>
  CredentialRepo.use((repo) =>
    repo.touch(ids.map((sessionId) => ({ sessionId, at: justBefore, ipAddress: Option.none() })))
  )

const activeOf = (userId: UserId) =>
  SessionRepo.use((repo) =>
    Effect.map(
      repo.list({ userId, now: idleAt, all: false, before: Option.none(), limit: 10 }),
      ({ active }) => active
    )
  )

layer(postgres(), { excludeTestServices: true, timeout: "60 seconds" })(
  "idle sessions and activities under way",
  (it) => {
    it.effect("C14 C20 an activity under way that keeps a session from going idle is counted by the login that sees it idle", () =>
      Effect.gen(function*() {
        const repo = yield* SessionRepo
        const userId = yield* givenUser(1)
        const { sessionId } = yield* logIn(userId, Fixtures.now)
        const commit = yield* held(touch(sessionId))
        const login = yield* Effect.forkChild(logIn(userId, idleAt))
        yield* Effect.sleep("300 millis")
        assert.isUndefined(login.pollUnsafe(), "it waits for what becomes of the session")
        yield* commit
        const { evicted, expired } = yield* Fiber.join(login)
        assert.deepStrictEqual({ evicted, expired }, { evicted: [sessionId], expired: [] })
        assert.strictEqual(yield* activeOf(userId), 1)
        const { end } = Option.getOrThrow(yield* repo.find(sessionId))
        assert.deepStrictEqual(Option.map(end, ({ reason }) => reason), Option.some("session_limit_exceeded"))
      }))

    it.effect("C14 C20 by one that shares its statement with another user's, too", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const admit = yield* makeAdmit
        const users = [yield* givenUser(1), yield* givenUser(1)]
        const { sessionId } = yield* logIn(users[0]!, Fixtures.now)
        const candidates = yield* Effect.forEach(users, (userId) => Fixtures.candidate({ userId, createdAt: idleAt }))
        const commit = yield* held(touch(sessionId))
        // On a connection of its own.
        const logins = yield* Effect.forkChild(sql.withTransaction(admit(candidates, rules, false)))
        yield* lockWaits(1)
        yield* commit
        yield* Fiber.join(logins)
        for (const userId of users) assert.strictEqual(yield* activeOf(userId), 1)
      }))

    it.effect("C15 C20 so does a lowered limit", () =>
      Effect.gen(function*() {
        const repo = yield* SessionRepo
        const userId = yield* givenUser(2)
        const { sessionId } = yield* logIn(userId, Fixtures.now)
        yield* logIn(userId, Fixtures.after("30 minutes"))
        yield* UserRepo.use((users) => users.put(User.make({ id: userId, maxSessions: Option.some(1) })))
        const commit = yield* held(touch(sessionId))
        const enforced = yield* Effect.forkChild(repo.enforceLimit(userId, rules, idleAt))
        yield* Effect.sleep("300 millis")
        yield* commit
        assert.deepStrictEqual((yield* Fiber.join(enforced)).evicted, [sessionId])
        assert.strictEqual(yield* activeOf(userId), 1)
      }))

    it.effect("V11 C20 an activity that comes while the login ends the session as idle does not bring it back", () =>
      Effect.gen(function*() {
        const repo = yield* SessionRepo
        const userId = yield* givenUser(1)
        const { sessionId } = yield* logIn(userId, Fixtures.now)
        const other = yield* logIn(yield* givenUser(1), Fixtures.now)
        const commit = yield* held(logIn(userId, idleAt))
        const activity = yield* Effect.forkChild(touch(sessionId, other.sessionId))
        yield* Effect.sleep("300 millis")
        // The other session's activity has not waited.
        const written = yield* Effect.map(repo.find(other.sessionId), Option.getOrThrow).pipe(
          Effect.repeat({
            until: ({ lastActivityAt }) => DateTime.Equivalence(lastActivityAt, justBefore),
            schedule: Schedule.spaced("20 millis"),
            times: 500
          })
        )
        assert.deepStrictEqual(written.lastActivityAt, justBefore)
        yield* commit
        yield* Fiber.join(activity)
        const { end, lastActivityAt } = Option.getOrThrow(yield* repo.find(sessionId))
        assert.deepStrictEqual({ ...Option.getOrThrow(end) }, { at: idleAt, reason: "idle", actor: system })
        assert.deepStrictEqual(lastActivityAt, Fixtures.now)
        assert.strictEqual(yield* activeOf(userId), 1)
      }))

    it.effect("A7 no activity brings back a session that was idle when all were revoked", () =>
      Effect.gen(function*() {
        const repo = yield* SessionRepo
        const userId = yield* givenUser(1)
        const { sessionId } = yield* logIn(userId, Fixtures.now)
        const end = SessionEnd.make({ at: idleAt, reason: "password_changed", actor: system })
        const { ended } = yield* repo.endAll(userId, Option.none(), end)
        assert.deepStrictEqual(ended, [sessionId])
        yield* touch(sessionId)
        assert.strictEqual(yield* activeOf(userId), 0)
      }))

    it.effect("E14 activities written together miss none whose session somebody else is changing", () =>
      Effect.gen(function*() {
        const repo = yield* SessionRepo
        const credentials = yield* CredentialRepo
        const userId = yield* givenUser(2)
        const { sessionId } = yield* logIn(userId, Fixtures.now)
        const { sessionId: other } = yield* logIn(userId, Fixtures.now)
        const commit = yield* held(
          credentials.touch([{ sessionId, at: Fixtures.after("1 minute"), ipAddress: Option.none() }])
        )
        const activities = yield* Effect.forkChild(touch(sessionId, other))
        yield* Effect.sleep("300 millis")
        yield* commit
        yield* Fiber.join(activities)
        for (const id of [sessionId, other]) {
          assert.deepStrictEqual(Option.getOrThrow(yield* repo.find(id)).lastActivityAt, justBefore)
        }
      }))

    it.effect(
      "C14 P13 logins, activities and sweeps at the moment of going idle: the limit holds, nobody waits in a circle, and each end has its event",
      () =>
        Effect.gen(function*() {
          const repo = yield* SessionRepo
          const log = yield* EventLog
          for (let round = 0; round < 8; round++) {
            const users = yield* Effect.replicateEffect(givenUser(2), 12)
            const old = yield* Effect.forEach(
              users,
              (userId) => Effect.replicateEffect(logIn(userId, Fixtures.now), 2),
              { concurrency: 8 }
            )
            const ids = old.flat().map(({ sessionId }) => sessionId)
            const shuffled = () => Random.shuffle(ids)
            const activities = Effect.forEach(
              Array.from({ length: 4 }),
              () => Effect.flatMap(shuffled(), (some) => touch(...Array.from(some).slice(0, 16))),
              { concurrency: 4 }
            )
            const logIns = Effect.forEach(users, (userId) => logIn(userId, idleAt), { concurrency: "unbounded" })
            yield* Effect.all([activities, logIns, repo.sweep(idleAt, 10)], { concurrency: "unbounded" })
            for (const userId of users) {
              assert.isAtMost(yield* activeOf(userId), 2)
              const { sessions } = yield* repo.list({
                userId,
                now: idleAt,
                all: true,
                before: Option.none(),
                limit: 10
              })
              const events = yield* log.read({ after: 0, limit: 100, userId: Option.some(userId) })
              const ended = sessions.flatMap(({ end, id }) =>
                Option.toArray(end).map(({ reason }) => `${id} ${reason}`)
              )
              const told = events.flatMap(({ event }) =>
                "reason" in event && "sessionId" in event ? [`${event.sessionId} ${event.reason}`] : []
              )
              assert.sameMembers(told, ended)
            }
          }
          const sql = yield* SqlClient.SqlClient
          const [stats] = yield* sql<{ readonly deadlocks: bigint }>`
          SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`
          assert.strictEqual(Number(stats?.deadlocks), 0)
        }),
      60_000
    )
  }
)
