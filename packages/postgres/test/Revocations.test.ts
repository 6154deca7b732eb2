/** How endings of single sessions share statements, and what they do not share. */
import { assert, it, layer } from "@effect/vitest"
import {
  byUser,
  EventLog,
  SessionEnd,
  SessionId,
  SessionRepo,
  SessionRepoError,
  SessionRules,
  system,
  User,
  UserId,
  UserRepo
} from "@sojourn/core"
import type { EndingRow } from "@sojourn/postgres/EndedRow"
import * as Revocations from "@sojourn/postgres/Revocations"
import { make as makeRevoke } from "@sojourn/postgres/RevokeStatements"
import { DateTime, Deferred, Duration, Effect, Exit, Fiber, Function, Option, Result, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { admit, holdLock, postgres } from "./database.ts"

const login = Effect.fnUntraced(function*(name: string) {
  const userId = UserId.make(name)
  yield* UserRepo.use((users) => users.put(User.make({ id: userId })))
  const { candidate } = yield* admit(userId, SessionRules.make({}))
  return { userId, id: candidate.session.id }
})

const end = Effect.fnUntraced(function*(id: SessionId, owner: UserId) {
  const now = yield* DateTime.now
  return yield* SessionRepo.use((repo) =>
    repo.end(id, SessionEnd.make({ at: now, reason: "logout", actor: byUser(owner) }), {
      owner: Option.some(owner),
      reuse: Option.none()
    })
  )
})

const missing = SessionId.make("019ca945-0a00-7000-8c1d-000000000000")
const together = { concurrency: "unbounded" } as const

layer(postgres(), { excludeTestServices: true, timeout: "60 seconds" })("revocations", (it) => {
  it.effect("V11 endings that wait together go out together, and each gets its own answer and its one event", () =>
    Effect.gen(function*() {
      const all = yield* Effect.forEach(Array.from({ length: 200 }, (_, n) => `leaver-${n}`), login, together)
      const stranger = yield* login("stranger")
      const ends = [
        // Each twice: one of the two ends it.
        ...[...all, ...all].map(({ id, userId }) => end(id, userId)),
        end(stranger.id, all[0]!.userId),
        end(missing, stranger.userId)
      ]
      const outcomes = yield* Effect.forEach(ends, Effect.result, together)
      const failures = outcomes.filter(Result.isFailure).map(({ failure }) => failure._tag)
      assert.deepStrictEqual(failures, ["NotSessionOwner", "SessionNotFound"])
      const done = outcomes.filter(Result.isSuccess).map(({ success }) => success)
      for (const [n, { id, userId }] of all.entries()) {
        const both = [done[n]!, done[n + all.length]!]
        assert.deepStrictEqual(both.map((one) => one.userId), [userId, userId])
        assert.deepStrictEqual(both.map(({ changed }) => changed).toSorted(), [false, true])
        const events = both.flatMap((one) => one.events)
        const logged = yield* EventLog.use((log) =>
          log.read({ after: 0, limit: 100, userId: Option.some(userId), sessionId: Option.some(id) })
        )
        assert.deepStrictEqual(logged.map(({ event }) => event).slice(1), events)
      }
      const left = yield* SessionRepo.use((repo) => repo.find(stranger.id))
      assert.isTrue(Option.isSome(left) && Option.isNone(left.value.end))
    }))

  it.effect("R6 in one statement with an ending of the owner's, a stranger's ends nothing", () =>
    Effect.gen(function*() {
      const { several } = yield* makeRevoke
      const mine = yield* login("owner of two")
      const other = yield* login("owner of two")
      const end = SessionEnd.make({ at: yield* DateTime.now, reason: "logout", actor: system })
      const revocation = (sessionId: SessionId, owner: UserId) => ({
        sessionId,
        end,
        owner: Option.some(owner),
        reuse: Option.none()
      })
      const rows = yield* several([revocation(mine.id, mine.userId), revocation(other.id, UserId.make("a thief"))])
      assert.deepStrictEqual([mine, other].map(({ id }) => rows.get(id)?.changed), [true, false])
      const left = yield* SessionRepo.use((repo) => repo.find(other.id))
      assert.isTrue(Option.exists(left, ({ end }) => Option.isNone(end)))
    }))

  it.effect("V11 a user whose lock is held elsewhere holds up nobody else, and their session ends when it is free", () =>
    Effect.gen(function*() {
      const busy = yield* login("busy")
      const others = yield* Effect.forEach(Array.from({ length: 40 }, (_, n) => `calm-${n}`), login, together)
      const release = yield* holdLock(busy.userId)
      const waiting = yield* Effect.forkChild(end(busy.id, busy.userId))
      const done = yield* Effect.forEach(others, ({ id, userId }) => end(id, userId), together).pipe(
        Effect.timeoutOption(Duration.seconds(5))
      )
      assert.isTrue(Option.isSome(done))
      assert.isUndefined(waiting.pollUnsafe())
      yield* release
      assert.isTrue((yield* Fiber.join(waiting)).changed)
    }))

  it.effect("V11 within a transaction an ending is part of it", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { id, userId } = yield* login("undecided")
      yield* Effect.exit(sql.withTransaction(Effect.andThen(end(id, userId), Effect.fail("no"))))
      const left = yield* SessionRepo.use((repo) => repo.find(id))
      assert.isTrue(Option.isSome(left) && Option.isNone(left.value.end))
    }))
})

it.live("V11 whoever waits for a user's lock when the repository closes is told so, and does not wait for good", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const began = yield* Deferred.make<void>()
    const busy: EndingRow = { session_id: missing, user_id: null, changed: false, device: null, busy: true }
    // The first worker learns that the user is busy when the scope is closed and waits for the second one.
    const revoke = yield* Revocations.make({
      one: ({ sessionId }, wait) => {
        if (wait) return Effect.never
        return sessionId === missing
          ? Effect.delay(Effect.succeed(busy), "200 millis")
          : Effect.uninterruptible(
            Effect.andThen(Deferred.succeed(began, undefined), Effect.delay(Effect.succeed(busy), "400 millis"))
          )
      },
      several: () => Effect.never
    }, Function.identity).pipe(Scope.provide(scope))
    const asking = (sessionId: SessionId) =>
      Effect.gen(function*() {
        const end = SessionEnd.make({ at: yield* DateTime.now, reason: "logout", actor: system })
        const revocation = { sessionId, end, owner: Option.none(), reuse: Option.none() }
        return yield* Effect.forkChild(revoke(revocation, () => Effect.void), { startImmediately: true })
      })
    const first = yield* asking(missing)
    yield* Effect.sleep("50 millis")
    const second = yield* asking(SessionId.make("019ca945-0a00-7000-8c1d-000000000001"))
    yield* Deferred.await(began)
    yield* Scope.close(scope, Exit.void)
    for (const fiber of [first, second]) {
      const told = yield* Effect.flip(Effect.timeout(Fiber.join(fiber), "5 seconds"))
      assert.include(told.message, "closed")
    }
  }))

it.live("V11 whoever asks just before the repository closes is told so, and so is who asks later", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const revoke = yield* Revocations.make({ one: () => Effect.never, several: () => Effect.never }, Function.identity)
      .pipe(
        Scope.provide(scope)
      )
    const end = SessionEnd.make({ at: yield* DateTime.now, reason: "logout", actor: system })
    const asking = Effect.forkChild(
      revoke({ sessionId: missing, end, owner: Option.none(), reuse: Option.none() }, () => Effect.void),
      { startImmediately: true }
    )
    const before = yield* asking
    yield* Scope.close(scope, Exit.void)
    for (const fiber of [before, yield* asking]) {
      assert.include((yield* Effect.flip(Effect.timeout(Fiber.join(fiber), "2 seconds"))).message, "closed")
    }
  }))

it.live("V11 an ending with a value that PostgreSQL refuses fails alone", () =>
  Effect.gen(function*() {
    const ids = [1, 2, 3].map((n) => SessionId.make(`019ca945-0a00-7000-8c1d-00000000000${n}`))
    const refused = new SessionRepoError({ operation: "end", reason: "InvalidData", message: "no", cause: undefined })
    const together: Array<number> = []
    const revoke = yield* Revocations.make({
      one: ({ sessionId }) =>
        sessionId === ids[1]
          ? Effect.fail(refused)
          : Effect.succeed({ session_id: sessionId, user_id: null, changed: true, device: null, busy: false }),
      several: (all) => {
        together.push(all.length)
        return Effect.fail(refused)
      }
    }, Function.identity)
    const end = SessionEnd.make({ at: yield* DateTime.now, reason: "logout", actor: system })
    const outcomes = yield* Effect.forEach(ids, (sessionId) =>
      Effect.result(revoke({ sessionId, end, owner: Option.none(), reuse: Option.none() }, () =>
        Effect.void)), { concurrency: "unbounded" })
    assert.deepStrictEqual(together, [3])
    assert.deepStrictEqual(outcomes.map(Result.isSuccess), [true, false, true])
  }).pipe(Effect.scoped))
