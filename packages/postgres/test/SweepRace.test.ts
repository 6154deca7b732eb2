import { assert, it } from "@effect/vitest"
import { CredentialRepo, SessionRepo, SessionRules, User, UserRepo } from "@sojourn/core"
import { Fixtures } from "@sojourn/testing"
import { DateTime, Deferred, Duration, Effect, Fiber, Option } from "effect"
import { SqlClient } from "effect/sql"
import { postgres } from "./database.ts"

it.live("P13 V11 a sweep that waits for an activity under way leaves the session, which is active by then", () =>
  Effect.gen(function*() {
    const repo = yield* SessionRepo
    const credentials = yield* CredentialRepo
    const sql = yield* SqlClient.SqlClient
    const userId = yield* Fixtures.freshUserId
    yield* UserRepo.use((users) => users.put(User.make({ id: userId })))
    const due = Fixtures.after("1 hour")
    const asking = yield* Fixtures.candidate({ userId, idleTimeout: Option.some(Duration.hours(1)) })
    const { id: sessionId } = asking.session
    yield* repo.admit(asking, SessionRules.make({}))
    const touched = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    const touch = credentials.touch([
      { sessionId, at: DateTime.subtract(due, { milliseconds: 1 }), ipAddress: Option.none() }
    ])
    const activity = yield* Effect.forkChild(sql.withTransaction(
      touch.pipe(Effect.andThen(Deferred.succeed(touched, undefined)), Effect.andThen(Deferred.await(go)))
    ))
    yield* Deferred.await(touched)
    const sweep = yield* Effect.forkChild(repo.sweep(due, 100))
    yield* Effect.sleep("300 millis")
    yield* Deferred.succeed(go, undefined)
    yield* Fiber.join(activity)
    assert.deepStrictEqual(yield* Fiber.join(sweep), [])
    assert.isTrue(Option.getOrThrow(yield* repo.find(sessionId)).isActive(due))
  }).pipe(Effect.provide(postgres())))

it.live("P13 one process sweeps at a time: while one does, the others find nothing to do, and do not wait", () =>
  Effect.gen(function*() {
    const repo = yield* SessionRepo
    const sql = yield* SqlClient.SqlClient
    const userId = yield* Fixtures.freshUserId
    yield* UserRepo.use((users) => users.put(User.make({ id: userId, maxSessions: Option.some("unlimited") })))
    const due = Fixtures.after("31 days")
    yield* Effect.forEach(
      [1, 2, 3],
      () => Effect.flatMap(Fixtures.candidate({ userId }), (asking) => repo.admit(asking, SessionRules.make({})))
    )
    const swept = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    const first = yield* Effect.forkChild(sql.withTransaction(
      repo.sweep(due, 1).pipe(
        Effect.tap(() => Deferred.succeed(swept, undefined)),
        Effect.tap(() => Deferred.await(go))
      )
    ))
    yield* Deferred.await(swept)
    assert.deepStrictEqual(yield* repo.sweep(due, 100), [])
    yield* Deferred.succeed(go, undefined)
    assert.strictEqual((yield* Fiber.join(first)).length, 1)
    assert.strictEqual((yield* repo.sweep(due, 100)).length, 2)
  }).pipe(Effect.provide(postgres())))
