/** A database that does not answer, or not in time: whoever waits is told within the time of a statement, or two where it is for a lock. */
import { assert, describe, it } from "@effect/vitest"
import { SessionEnd, SessionRepo, SessionRepoError, SessionRules, system, UserId } from "@sojourn/core"
import { AnswerTimeout } from "@sojourn/postgres"
import * as Admissions from "@sojourn/postgres/Admissions"
import type { Outcome } from "@sojourn/postgres/Admit"
import { inTime } from "@sojourn/postgres/AnswerTimeout"
import { repoError } from "@sojourn/postgres/RepoError"
import * as Revocations from "@sojourn/postgres/Revocations"
import type { Revocation } from "@sojourn/postgres/RevokeStatements"
import { Fixtures } from "@sojourn/testing"
import { Duration, Effect, Fiber, Layer, Option, Result } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { admit, admitted, candidateOf, held, holdLock, noLockWaits, postgres, putUser } from "./database.ts"

const rules = SessionRules.make({})
const answered = inTime(Duration.seconds(15), repoError)
const frozen = () => answered("admit")(Effect.never)
const unbounded = { concurrency: "unbounded" } as const
const logout = SessionEnd.make({ at: Fixtures.now, reason: "logout", actor: system })

const isUnavailable = (error: { readonly _tag: string }) =>
  assert.isTrue(error instanceof SessionRepoError && error.reason === "Unavailable")

/** How many seconds until all of them were told that there is no answer. */
const secondsUntilTold = <A, R>(all: ReadonlyArray<Effect.Effect<A, { readonly _tag: string }, R>>) =>
  Effect.gen(function*() {
    const told = yield* Effect.forkChild(Effect.forEach(all, Effect.flip, unbounded), { startImmediately: true })
    let seconds = 0
    for (; told.pollUnsafe() === undefined; seconds++) yield* TestClock.adjust("1 second")
    for (const error of yield* Fiber.join(told)) isUnavailable(error)
    return seconds
  })

const atDifferentTimes = Effect.forEach(Array.from({ length: 30 }, (_, n) => n), (n) => {
  const createdAt = Fixtures.after(Duration.seconds(2 * n))
  return candidateOf(UserId.make("ada"), { createdAt, lastActivityAt: createdAt })
})

/** Logs in by name where a statement takes 10 seconds, unless there is another answer for that user. */
const slowLogins = Effect.fnUntraced(
  function*(options: Admissions.Options, others: Readonly<Record<string, Effect.Effect<Outcome, SessionRepoError>>>) {
    const inTenSeconds = Effect.delay(Effect.succeed(admitted), "10 seconds")
    const login = yield* Admissions.make(
      ([candidate]) => Effect.map(others[candidate!.session.userId] ?? inTenSeconds, Array.of),
      frozen,
      { batchSize: 1, ...options }
    )
    return (name: string) =>
      candidateOf(UserId.make(name)).pipe(
        Effect.flatMap((candidate) => login(candidate, rules, undefined)),
        Effect.result,
        Effect.forkChild({ startImmediately: true })
      )
  }
)

describe("a database that does not answer", () => {
  it.effect("V12 logins of many users, and many of one user at different times, are told together", () =>
    Effect.gen(function*() {
      const login = yield* Admissions.make(frozen, frozen, {})
      const many = yield* Effect.forEach(
        Array.from({ length: 300 }, (_, n) => n),
        (n) => candidateOf(UserId.make(`user-${n}`))
      )
      assert.strictEqual(yield* secondsUntilTold(many.map((candidate) => login(candidate, rules, undefined))), 15)
      const one = yield* atDifferentTimes
      assert.strictEqual(yield* secondsUntilTold(one.map((candidate) => login(candidate, rules, undefined))), 15)
    }).pipe(Effect.provide(SecureRandom.layerWebCrypto)))

  it.effect("V12 so are those of one user at different times who wait for a lock that is not given", () =>
    Effect.gen(function*() {
      const notGiven = repoError("admit")(Object.assign(new Error("canceled"), { code: "55P03" }))
      const login = yield* Admissions.make(
        (all) => Effect.succeed(all.map(() => "Busy")),
        () => Effect.delay(Effect.fail(notGiven), "10 seconds"),
        {}
      )
      const all = yield* atDifferentTimes
      assert.strictEqual(yield* secondsUntilTold(all.map((candidate) => login(candidate, rules, undefined))), 10)
    }).pipe(Effect.provide(SecureRandom.layerWebCrypto)))

  it.effect("V12 nobody is taken for answered who gave up before they were sent", () =>
    Effect.gen(function*() {
      const login = yield* slowLogins({ concurrency: 2 }, { ada: frozen(), bob: frozen() })
      const ada = yield* login("ada")
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.interrupt(yield* login("hasty"))
      yield* login("bob")
      const patient = yield* login("patient")
      yield* TestClock.adjust("5 seconds")
      for (const told of [ada, patient]) assert.isTrue(Result.isFailure(yield* Fiber.join(told)))
    }).pipe(Effect.provide(SecureRandom.layerWebCrypto)))

  const endingOf = Effect.map(Fixtures.freshSessionId, (sessionId): Revocation => ({
    sessionId,
    end: logout,
    owner: Option.none(),
    reuse: Option.none()
  }))

  const refused = new SessionRepoError({ operation: "end", reason: "InvalidData", message: "no", cause: undefined })
  /** What the statement of several comes to, and how many sessions are ended, how often each. */
  const endings: ReadonlyArray<
    readonly [name: string, several: Effect.Effect<never, SessionRepoError>, sessions: number, each: number]
  > = [
    ["of many sessions", frozen(), 300, 1],
    ["of one session, many times", frozen(), 1, 40],
    ["of which one may be refused", Effect.fail(refused), 20, 2]
  ]
  it.effect.each(endings)("V12 so are endings %s", ([, several, sessions, each]) =>
    Effect.gen(function*() {
      const revoke = yield* Revocations.make({ one: frozen, several: () => several }, frozen)
      const all = yield* Effect.replicateEffect(endingOf, sessions)
      const ends = all.flatMap((one) => Array.from({ length: each }, () => revoke(one, () => Effect.void)))
      assert.strictEqual(yield* secondsUntilTold(ends), 15)
    }).pipe(Effect.provide(SecureRandom.layerWebCrypto)))

  it.effect("V12 a login does not fail for a lock that another user waits for in vain", () =>
    Effect.gen(function*() {
      const login = yield* slowLogins({ concurrency: 1 }, { ada: Effect.succeed("Busy") })
      const ada = yield* login("ada")
      yield* TestClock.adjust("9 seconds")
      const others = yield* Effect.forEach(["bob", "cyd"], login)
      yield* TestClock.adjust("6 seconds")
      assert.isTrue(Result.isFailure(yield* Fiber.join(ada)))
      yield* TestClock.adjust("20 seconds")
      for (const other of others) assert.isTrue(Result.isSuccess(yield* Fiber.join(other)))
    }).pipe(Effect.provide(SecureRandom.layerWebCrypto)))

  it.effect("V12 a login does not fail for one connection that is lost while others are answered", () =>
    Effect.gen(function*() {
      const login = yield* slowLogins({ concurrency: 2 }, { lost: frozen() })
      const lost = yield* login("lost")
      const others = yield* Effect.forEach(["bob", "cyd", "dan"], login)
      yield* TestClock.adjust("15 seconds")
      assert.isTrue(Result.isFailure(yield* Fiber.join(lost)))
      yield* TestClock.adjust("20 seconds")
      for (const other of others) assert.isTrue(Result.isSuccess(yield* Fiber.join(other)))
    }).pipe(Effect.provide(SecureRandom.layerWebCrypto)))
})

const inOneSecond = Layer.provide(postgres(), Layer.succeed(AnswerTimeout, Duration.seconds(1)))

describe("a user's lock that is not given", () => {
  it.live(
    "V12 ends the waiting of all their logins with the first, and that of one within a transaction",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const userId = yield* putUser("ada")
        const release = yield* holdLock(userId)
        const start = performance.now()
        const inside = yield* Effect.forkChild(Effect.flip(sql.withTransaction(admit(userId, rules))))
        // More than go in one statement.
        const told = yield* Effect.forEach(
          Array.from({ length: 100 }),
          () => Effect.flip(admit(userId, rules)),
          unbounded
        )
        for (const error of [...told, yield* Fiber.join(inside)]) {
          isUnavailable(error)
        }
        // Their statements are cancelled, long before their own timeout: who was told of a failure is not signed in later.
        yield* noLockWaits
        assert.isBelow(performance.now() - start, 4_000)
        yield* release
        yield* admit(userId, rules)
        assert.lengthOf(yield* sql`SELECT 1 FROM sojourn.sessions`, 1)
      }).pipe(Effect.provide(inOneSecond)),
    30_000
  )

  it.live(
    "V12 ends the waiting of any other change, in a transaction or not, and cancels it",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const repo = yield* SessionRepo
        const userId = yield* putUser("ada")
        const { candidate } = yield* admit(userId, rules)
        const release = yield* holdLock(userId)
        const start = performance.now()
        const change = repo.endAll(userId, Option.none(), logout)
        const told = yield* Effect.all([change, sql.withTransaction(change)].map(Effect.flip), unbounded)
        for (const error of told) isUnavailable(error)
        yield* noLockWaits
        assert.isBelow(performance.now() - start, 4_000)
        yield* release
        const left = yield* repo.find(candidate.session.id)
        assert.isTrue(Option.exists(left, ({ end }) => Option.isNone(end)))
      }).pipe(Effect.provide(inOneSecond)),
    30_000
  )

  it.live("V12 holds up who waits for other users' locks for two statements at most", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const repo = yield* SessionRepo
      const users = yield* Effect.forEach(Array.from({ length: 20 }, (_, n) => `user-${n}`), (name) => putUser(name))
      const sessions = yield* Effect.forEach(users, (userId) => admit(userId, rules))
      const release = yield* held(sql`SELECT pg_advisory_xact_lock(sojourn.user_lock(id)) FROM sojourn.users`)
      const start = performance.now()
      const told = yield* Effect.all([
        ...users.map((userId) => Effect.flip(admit(userId, rules))),
        ...sessions.map(({ candidate }) =>
          Effect.flip(repo.end(candidate.session.id, logout, { owner: Option.none(), reuse: Option.none() }))
        )
      ], unbounded)
      for (const error of told) isUnavailable(error)
      assert.isBelow(performance.now() - start, 4_000)
      yield* release
      yield* admit(users[0]!, rules)
    }).pipe(Effect.provide(inOneSecond)), 30_000)
})
