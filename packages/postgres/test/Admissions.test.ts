/** How logins share statements, and what they do not share. */
import { assert, layer } from "@effect/vitest"
import { SessionRepo, SessionRepoError, SessionRules, Tier, User, UserId, UserRepo } from "@sojourn/core"
import { Fixtures } from "@sojourn/testing"
import { Duration, Effect, Fiber, Option, Result } from "effect"
import { SqlClient } from "effect/sql"
import { changes } from "./changes.ts"
import { admit, candidateOf, holdLock, lockWaits, postgres } from "./database.ts"

const rules = SessionRules.make({})
const put = (name: string, tier = "basic") => {
  const user = User.make({ id: UserId.make(name), tier: Tier.make(tier) })
  return Effect.as(UserRepo.use((users) => users.put(user)), user.id)
}

layer(postgres(), { excludeTestServices: true, timeout: "60 seconds" })("admissions", (it) => {
  it.effect("C14 a user whose lock is held elsewhere holds up nobody else, and gets in when it is free", () =>
    Effect.gen(function*() {
      const busy = yield* put("busy")
      const others = yield* Effect.forEach(Array.from({ length: 40 }, (_, n) => `calm-${n}`), (name) => put(name))
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
      const users = yield* Effect.forEach(Array.from({ length: 256 }, (_, n) => `many-${n}`), (name) => put(name))
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
      const userId = yield* put("crowd")
      const admissions = yield* Effect.forEach(Array.from({ length: 6 }), () => admit(userId, rules), {
        concurrency: "unbounded"
      })
      const repo = yield* SessionRepo
      const sessions = yield* Effect.forEach(admissions, ({ candidate }) => repo.find(candidate.session.id))
      const alive = sessions.flatMap(Option.toArray).filter((session) => Option.isNone(session.end))
      assert.strictEqual(alive.length, 2)
      const evicted = admissions.flatMap((admission) => admission.evicted)
      assert.strictEqual(new Set(evicted).size, 4)
      for (const { bornEnded, candidate } of admissions) {
        assert.strictEqual(bornEnded, evicted.includes(candidate.session.id) && bornEnded)
        assert.strictEqual(alive.some(({ id }) => id === candidate.session.id), !evicted.includes(candidate.session.id))
      }
      const events = admissions.flatMap((admission) => admission.events.map((event) => event._tag)).toSorted()
      assert.deepStrictEqual(events, [
        ...Array.from({ length: 6 }, () => "SessionCreated"),
        ...Array.from({ length: 4 }, () => "SessionEvicted")
      ])
    }))

  it.effect("C21 a login inside the caller's transaction commits or vanishes with it", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const repo = yield* SessionRepo
      const userId = yield* put("careful")
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
      const userId = yield* put("strict")
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
      yield* put(userId)
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
      const good = yield* Effect.forEach(["good-1", "good-2", "good-3"], (name) => put(name))
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
      const userId = yield* put("hasty")
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
