/** What becomes of the logins that wait when the repository closes. */
import { assert, it } from "@effect/vitest"
import { type Candidate, SessionId, SessionRules } from "@sojourn/core"
import * as Admissions from "@sojourn/postgres/Admissions"
import { Fixtures } from "@sojourn/testing"
import { Deferred, Effect, Exit, Fiber, Function, Scope } from "effect"
import { admitted } from "./database.ts"

const rules = SessionRules.make({})

/** All of one user's. */
const candidateNumber = (n: number): Candidate => ({
  session: Fixtures.session({ id: SessionId.make(`019ca945-0a00-7000-8c1d-00000000000${n}`) }),
  secretHash: Fixtures.secretHash
})

it.live("C14 a login that waits behind another of its user's when the repository closes is told so", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const began = yield* Deferred.make<void>()
    const calm = candidateNumber(3)
    const admit = yield* Admissions.make(
      ([candidate], _, wait) =>
        wait
          ? Effect.andThen(Deferred.succeed(began, undefined), Effect.never)
          : Effect.succeed([candidate === calm ? admitted : "Busy"]),
      Function.identity,
      { concurrency: 1, batchSize: 1 }
    ).pipe(Scope.provide(scope))
    const login = (candidate: Candidate) =>
      Effect.forkChild(admit(candidate, rules, undefined), { startImmediately: true })
    const first = yield* login(candidateNumber(1))
    yield* Deferred.await(began)
    const behind = yield* login(candidateNumber(2))
    // The one worker is through with those before it by then.
    yield* Effect.flatMap(login(calm), Fiber.join)
    yield* Scope.close(scope, Exit.void)
    for (const fiber of [first, behind]) {
      const told = yield* Effect.flip(Effect.timeout(Fiber.join(fiber), "5 seconds"))
      assert.isTrue(told._tag === "SessionRepoError" && told.message.includes("closed"))
    }
  }))
