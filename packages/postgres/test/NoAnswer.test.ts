/** A database that does not answer, or not in time: everybody is told within the time of a statement or two. */
import { assert, describe, it } from "@effect/vitest"
import { SessionEnd, SessionRepoError, SessionRules, system, User, UserId, UserRepo } from "@sojourn/core"
import { AnswerTimeout } from "@sojourn/postgres"
import * as Admissions from "@sojourn/postgres/Admissions"
import { inTime } from "@sojourn/postgres/AnswerTimeout"
import { repoError } from "@sojourn/postgres/RepoError"
import * as Revocations from "@sojourn/postgres/Revocations"
import { Fixtures } from "@sojourn/testing"
import { Duration, Effect, Fiber, Layer, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { admit, candidateOf, holdLock, postgres } from "./database.ts"

const rules = SessionRules.make({})
const answered = inTime(Duration.seconds(15), repoError)
const frozen = () => answered("admit")(Effect.never)
const unbounded = { concurrency: "unbounded" } as const

/** How many seconds until all of them were told that there is no answer. */
const secondsUntilTold = <A, R>(all: ReadonlyArray<Effect.Effect<A, { readonly _tag: string }, R>>) =>
  Effect.gen(function*() {
    const told = yield* Effect.forkChild(Effect.forEach(all, Effect.flip, unbounded), { startImmediately: true })
    let seconds = 0
    for (; told.pollUnsafe() === undefined; seconds++) yield* TestClock.adjust("1 second")
    for (const error of yield* Fiber.join(told)) {
      assert.isTrue(error instanceof SessionRepoError && error.reason === "Unavailable")
    }
    return seconds
  })

describe("a database that does not answer", () => {
  it.effect("V12 logins of many users, and many of one user at different times, are told together", () =>
    Effect.gen(function*() {
      const login = yield* Admissions.make(frozen, frozen, {})
      const many = yield* Effect.forEach(
        Array.from({ length: 300 }, (_, n) => n),
        (n) => candidateOf(UserId.make(`user-${n}`))
      )
      assert.strictEqual(yield* secondsUntilTold(many.map((candidate) => login(candidate, rules, undefined))), 15)
      const one = yield* Effect.forEach(Array.from({ length: 30 }, (_, n) => n), (n) => {
        const createdAt = Fixtures.after(Duration.seconds(2 * n))
        return candidateOf(UserId.make("ada"), { createdAt, lastActivityAt: createdAt })
      })
      assert.strictEqual(yield* secondsUntilTold(one.map((candidate) => login(candidate, rules, undefined))), 15)
    }).pipe(Effect.provide(SecureRandom.layerWebCrypto)))

  it.effect("V12 so are endings", () =>
    Effect.gen(function*() {
      const revoke = yield* Revocations.make({ one: frozen, several: frozen })
      const end = SessionEnd.make({ at: Fixtures.now, reason: "logout", actor: system })
      const ids = yield* Effect.replicateEffect(Fixtures.freshSessionId, 300)
      const all = ids.map((sessionId) =>
        revoke({ sessionId, end, owner: Option.none(), reuse: Option.none() }, () => Effect.void)
      )
      assert.strictEqual(yield* secondsUntilTold(all), 15)
    }).pipe(Effect.provide(SecureRandom.layerWebCrypto)))
})

describe("a user's lock that is not given", () => {
  it.live(
    "V12 ends the waiting of all their logins with the first, and that of one within a transaction",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const userId = UserId.make("ada")
        yield* UserRepo.use((users) => users.put(User.make({ id: userId })))
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
          assert.isTrue(error._tag === "SessionRepoError" && error.reason === "Unavailable")
        }
        assert.isBelow(performance.now() - start, 4_000)
        yield* release
        yield* admit(userId, rules)
        assert.lengthOf(
          yield* sql`SELECT 1 FROM sojourn.sessions WHERE ended_at IS NULL`,
          2,
          "what PostgreSQL went on with"
        )
      }).pipe(
        Effect.provide(Layer.provide(postgres(), Layer.succeed(AnswerTimeout, Duration.seconds(1))))
      ),
    30_000
  )
})
