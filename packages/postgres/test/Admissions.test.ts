/** How logins share statements, and what they do not share. */
import { assert, it, layer } from "@effect/vitest"
import { type Candidate, SessionId, SessionRepo, SessionRepoError, SessionRules, UserId } from "@sojourn/core"
import * as Admissions from "@sojourn/postgres/Admissions"
import { make as makeAdmit } from "@sojourn/postgres/Admit"
import { Fixtures } from "@sojourn/testing"
import { Deferred, Duration, Effect, Exit, Fiber, Function, Option, Result } from "effect"
import { SqlClient } from "effect/sql"
import { changes } from "./changes.ts"
import { admit, admitted, candidateOf, holdLock, lockWaits, postgres, putUser } from "./database.ts"

const rules = SessionRules.make({})

layer(postgres(), { excludeTestServices: true, timeout: "60 seconds" })("admissions", (it) => {
  it.effect("C14 a user whose lock is held elsewhere holds up nobody else, and gets in when it is free", () =>
    Effect.gen(function*() {
      const busy = yield* putUser("busy")
      const others = yield* Effect.forEach(Array.from({ length: 40 }, (_, n) => `calm-${n}`), (name) => putUser(name))
      const release = yield* holdLock(busy)

      const waiting = yield* Effect.forkChild(Effect.all([admit(busy, rules), admit(busy, rules)], { concurrency: 2 }))
      const done = yield* Effect.forEach(others, (userId) => admit(userId, rules), { concurrency: "unbounded" }).pipe(
        Effect.timeoutOption(Duration.seconds(5))
      )
      assert.isTrue(Option.isSome(done))
      assert.isUndefined(waiting.pollUnsafe())

      yield* release
      assert.strictEqual((yield* Fiber.join(waiting)).length, 2)
    }))

  it.effect("C14 logins that wait together go out together, and each gets its own answer", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const users = yield* Effect.forEach(Array.from({ length: 256 }, (_, n) => `many-${n}`), (name) => putUser(name))
      const names = [...users, UserId.make("nobody")]
      const outcomes = yield* Effect.forEach(names, (userId) => Effect.result(admit(userId, rules)), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(outcomes.filter(Result.isFailure).map(({ failure }) => failure._tag), ["UserNotFound"])
      const rows = yield* sql<{ user_id: string }>`SELECT user_id FROM sojourn.sessions WHERE user_id LIKE 'many-%'`
      assert.deepStrictEqual(new Set(rows.map(({ user_id }) => user_id)), new Set(users))
    }))

  it.effect("C14 several logins of one user in one statement: those beyond the limit are born ended", () =>
    Effect.gen(function*() {
      const userId = yield* putUser("crowd")
      const statement = yield* makeAdmit
      const candidates = yield* Effect.replicateEffect(candidateOf(userId), 6)
      const outcomes = yield* statement(candidates, rules, true)
      const admissions = yield* Effect.forEach(
        outcomes,
        (outcome) => outcome === "Busy" ? Effect.die(outcome) : Effect.fromResult(outcome)
      )
      const repo = yield* SessionRepo
      const evicted = admissions.flatMap((admission) => admission.evicted)
      assert.strictEqual(new Set(evicted).size, 4)
      for (const [at, { session }] of candidates.entries()) {
        const { end } = Option.getOrThrow(yield* repo.find(session.id))
        assert.strictEqual(Option.isSome(end), evicted.includes(session.id))
        assert.strictEqual(admissions[at]!.bornEnded, Option.isSome(end))
      }
      const events = admissions.flatMap((admission) => admission.events.map((event) => event._tag)).toSorted()
      assert.deepStrictEqual(events, [
        ...Array.from({ length: 6 }, () => "SessionCreated"),
        ...Array.from({ length: 4 }, () => "SessionEvicted")
      ])
    }))

  it.effect("C17 C14 a login by rules of its own is refused by them, whoever it goes with", () =>
    Effect.gen(function*() {
      const userId = yield* putUser("full")
      yield* Effect.replicateEffect(admit(userId, rules), 2)
      const others = yield* Effect.forEach(Array.from({ length: 40 }, (_, n) => `along-${n}`), (name) => putUser(name))
      const outcomes = yield* Effect.all([
        ...others.map((other) => Effect.result(admit(other, rules))),
        Effect.result(admit(userId, SessionRules.make({ atLimit: "reject" })))
      ], { concurrency: "unbounded" })
      assert.deepStrictEqual(outcomes.slice(0, -1).filter(Result.isFailure), [])
      const refused = outcomes.at(-1)
      assert.strictEqual(refused && Result.isFailure(refused) && refused.failure._tag, "SessionLimitExceeded")
    }))

  it.effect("C21 a login inside the caller's transaction commits or vanishes with it", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const repo = yield* SessionRepo
      const userId = yield* putUser("careful")
      const told: Array<string> = []
      const login = (fate: "commit" | "roll back") =>
        sql.withTransaction(Effect.gen(function*() {
          const { candidate } = yield* admit(userId, rules)
          yield* repo.afterCommit(Effect.sync(() => {
            told.push(fate)
          }))
          assert.deepStrictEqual(told, [])
          return fate === "commit" ? candidate.session.id : yield* Effect.fail(candidate.session.id)
        }))
      const lost = yield* Effect.flip(login("roll back"))
      assert.strictEqual((yield* sql`SELECT 1 FROM sojourn.session_events WHERE user_id = ${userId}`).length, 0)
      if (typeof lost === "string") assert.isTrue(Option.isNone(yield* repo.find(lost)))
      const kept = yield* login("commit")
      assert.isTrue(Option.isSome(yield* repo.find(kept)))
      assert.deepStrictEqual(told, ["commit"])
    }))

  it.effect("C14 a login under REPEATABLE READ or SERIALIZABLE is refused, and says why", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const userId = yield* putUser("strict")
      for (const isolation of ["REPEATABLE READ", "SERIALIZABLE"]) {
        const error = yield* sql.withTransaction(admit(userId, rules)).pipe(
          Effect.provideService(SqlClient.BeginTransaction, `BEGIN ISOLATION LEVEL ${isolation}`),
          Effect.flip
        )
        assert.strictEqual(error._tag, "SessionRepoError")
        if (error._tag === "SessionRepoError") {
          assert.strictEqual(error.reason, "IsolationLevel")
          assert.include(error.message, "READ COMMITTED")
        }
      }
      assert.strictEqual((yield* sql`SELECT 1 FROM sojourn.sessions WHERE user_id = ${userId}`).length, 0)
    }))

  it.effect.each(changes)("C14 A7 %s under REPEATABLE READ is refused, too", ([, change]) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const userId = yield* Fixtures.freshUserId
      yield* putUser(userId)
      const { candidate } = yield* admit(userId, rules)
      const error = yield* sql.withTransaction(change({ id: candidate.session.id, userId })).pipe(
        Effect.provideService(SqlClient.BeginTransaction, "BEGIN ISOLATION LEVEL REPEATABLE READ"),
        Effect.flip
      )
      assert.strictEqual(error instanceof SessionRepoError && error.reason, "IsolationLevel")
    }))

  it.effect("C14 one login with a value that PostgreSQL refuses fails alone", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const good = yield* Effect.forEach(["good-1", "good-2", "good-3"], (name) => putUser(name))
      const first = yield* admit(good[0]!, rules)
      const duplicate = { ...(yield* candidateOf(good[1]!)), session: first.candidate.session }
      const outcomes = yield* Effect.all([
        Effect.result(admit(good[1]!, rules)),
        Effect.result(
          Effect.map(repo.admit(duplicate, rules), (admission) => ({ ...admission, candidate: duplicate }))
        ),
        Effect.result(admit(good[2]!, rules))
      ], { concurrency: "unbounded" })
      assert.deepStrictEqual(outcomes.map(Result.isSuccess), [true, false, true])
      const failure = outcomes[1]
      if (Result.isFailure(failure) && failure.failure._tag === "SessionRepoError") {
        assert.strictEqual(failure.failure.reason, "InvalidData")
      } else assert.fail("the duplicate went in")
    }))

  it.effect("C14 an interrupted login that was still waiting never goes in", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const userId = yield* putUser("hasty")
      const release = yield* holdLock(userId)
      // The first one waits in the database, the second one behind it in the process.
      const first = yield* Effect.forkChild(admit(userId, rules))
      yield* lockWaits(1)
      const second = yield* Effect.forkChild(admit(userId, rules))
      yield* Effect.sleep("300 millis")
      yield* Fiber.interrupt(second)
      yield* release
      const { candidate } = yield* Fiber.join(first)
      yield* admit(userId, rules)
      const rows = yield* sql<{ id: string }>`
        SELECT id FROM sojourn.sessions WHERE user_id = ${userId} ORDER BY created_at`
      assert.strictEqual(rows.length, 2)
      assert.strictEqual(rows[0]?.id, candidate.session.id)
    }))
})

const candidateNumber = (n: number): Candidate => ({
  session: Fixtures.session({ id: SessionId.make(`019ca945-0a00-7000-8c1d-00000000000${n}`) }),
  secretHash: Fixtures.secretHash
})

it.live("C14 a login whose statement dies while it waits for the lock is told so, and so is the user's next one", () =>
  Effect.gen(function*() {
    const admit = yield* Admissions.make(
      (all) => Effect.succeed(all.map(() => "Busy")),
      () => Effect.die("boom"),
      {}
    )
    for (const n of [1, 2]) {
      const told = yield* admit(candidateNumber(n), rules, undefined).pipe(
        Effect.exit,
        Effect.timeout(Duration.seconds(2))
      )
      assert.deepStrictEqual(told, Exit.die("boom"))
    }
  }).pipe(Effect.scoped))

it.live("C14 a login that is interrupted while every statement is under way is not sent", () =>
  Effect.gen(function*() {
    const began = yield* Deferred.make<void>()
    const go = yield* Deferred.make<void>()
    const sent: Array<ReadonlyArray<Candidate>> = []
    const statement: Admissions.AdmitStatement = (all) =>
      Effect.sync(() => {
        sent.push(all)
      }).pipe(
        Effect.andThen(Deferred.succeed(began, undefined)),
        Effect.andThen(Deferred.await(go)),
        Effect.as(all.map(() => admitted))
      )
    const admit = yield* Admissions.make(statement, Function.identity, { concurrency: 1 })
    const login = (n: number) =>
      Effect.forkChild(admit(candidateNumber(n), rules, undefined), { startImmediately: true })
    const first = yield* login(1)
    yield* Deferred.await(began)
    const hasty = yield* login(2)
    const last = yield* login(3)
    yield* Fiber.interrupt(hasty)
    yield* Deferred.succeed(go, undefined)
    yield* Effect.all([Fiber.join(first), Fiber.join(last)])
    assert.deepStrictEqual(sent, [[candidateNumber(1)], [candidateNumber(3)]])
  }).pipe(Effect.scoped))

it.live("C14 a login that is interrupted while it waits for its turn to wait for the lock is not sent", () =>
  Effect.gen(function*() {
    const turn = yield* Deferred.make<void>()
    const sent: Array<ReadonlyArray<Candidate>> = []
    const admit = yield* Admissions.make(
      (all, _, wait) =>
        Effect.sync(() => {
          if (wait) sent.push(all)
          return all.map(() => wait ? admitted : "Busy")
        }),
      (statement) => Effect.andThen(Deferred.await(turn), statement),
      {}
    )
    const [hasty, patient] = yield* Effect.forEach(
      [1, 2],
      (n) => Effect.forkChild(admit(candidateNumber(n), rules, undefined), { startImmediately: true })
    )
    yield* Effect.sleep("20 millis")
    yield* Fiber.interrupt(hasty!)
    yield* Deferred.succeed(turn, undefined)
    yield* Fiber.join(patient!)
    assert.deepStrictEqual(sent, [[candidateNumber(2)]])
  }).pipe(Effect.scoped))
