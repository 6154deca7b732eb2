/** V11: whatever races, no validation that started after a revocation had returned accepts the session. */
import { assert, type Vitest } from "@effect/vitest"
import {
  eraseUser,
  rotateSession,
  type SessionToken,
  sweepSessions,
  touchSession,
  validateSession
} from "@sojourn/core"
import { Array, Effect, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { TestClock } from "effect/testing"
import { allOf, type CredentialStore } from "./given.ts"
import { givenLife, revoke, user, verdict, withSurroundings } from "./life.ts"
import { onTestClock } from "./login.ts"
import { assertToldOnce } from "./told.ts"

const atOnce = { concurrency: "unbounded" } as const

/** Waits for some turns of the other fibers, at random. */
const someTurns = Effect.flatMap(
  SecureRandom.SecureRandom.use((random) => random.randomBytes(1)),
  ([n]) => Effect.repeat(Effect.yieldNow, { times: n! % 16 })
)

/** Uses the session as clients do, with whatever token they hold by then. */
const use = Effect.fnUntraced(function*(token: SessionToken, times: number) {
  let held = token
  for (let turn = 0; turn < times; turn++) {
    yield* someTurns
    const valid = yield* Effect.option(validateSession(held))
    if (Option.isSome(valid)) yield* touchSession(valid.value.session)
    if (turn === 1) held = yield* Effect.orElseSucceed(rotateSession(held), () => held)
  }
  return held
})

const rounds = Array.range(1, 15)

export const lifeRaceCases = (it: Vitest.MethodsNonLive<CredentialStore>): void => {
  it.effect.each(["revoke", "revoke-all", "erase"] as const)(
    "V11 revoked stays revoked: validations with fills, touches and rotations that race with %s never accept it again",
    (how) =>
      Effect.gen(function*() {
        for (const _ of rounds) {
          const { logIn, revokeAll, userId } = yield* givenLife()
          const { sessionId, token } = yield* logIn
          const next = yield* rotateSession(token)
          const end = how === "revoke"
            ? revoke({ sessionId }, userId)
            : how === "revoke-all"
            ? revokeAll()
            : eraseUser(userId, user(userId))
          const ended = Effect.gen(function*() {
            yield* someTurns
            yield* end
            return yield* Effect.replicateEffect(Effect.andThen(someTurns, verdict(next)), 10, atOnce)
          })
          const clients = Effect.replicateEffect(use(next, 6), 8, atOnce)
          const [verdicts, held] = yield* Effect.all([ended, clients, sweepSessions()], atOnce)
          yield* TestClock.adjust("2 seconds")
          for (const late of [...verdicts, ...(yield* Effect.forEach([token, next, ...held], verdict))]) {
            assert.notStrictEqual(late, "valid")
          }
          const { events, sessions } = yield* allOf(userId, 3)
          assert.isTrue(sessions.every(({ end }) => Option.isSome(end)))
          if (how !== "erase") assertToldOnce(sessions, events)
        }
      }).pipe(withSurroundings, onTestClock),
    60_000
  )

  it.effect(
    "A7 of logins that race with revoke-all, none that began before it survives it",
    () =>
      Effect.gen(function*() {
        for (const _ of rounds) {
          const { logIn, revokeAll, userId } = yield* givenLife()
          const before = yield* Effect.replicateEffect(logIn, 3)
          const [racing, ended] = yield* Effect.all([
            Effect.replicateEffect(Effect.andThen(someTurns, logIn), 10, atOnce),
            Effect.andThen(someTurns, revokeAll())
          ], atOnce)
          for (const { token } of before) assert.strictEqual(yield* verdict(token), "SessionNotActive logout")
          for (const { sessionId, token } of racing) {
            const isOver = ended.includes(sessionId)
            assert.strictEqual(yield* verdict(token), isOver ? "SessionNotActive logout" : "valid")
          }
          const { events, sessions } = yield* allOf(userId, 13 + ended.length + 1)
          assertToldOnce(sessions, events)
        }
      }).pipe(withSurroundings, onTestClock),
    60_000
  )
}
