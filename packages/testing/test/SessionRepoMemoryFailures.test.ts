import { assert, describe, it } from "@effect/vitest"
import {
  EventLog,
  SessionEnd,
  SessionRepo,
  SessionRules,
  system,
  User,
  UserId,
  UserRepo,
  UserRepoError
} from "@sojourn/core"
import { Fixtures, SecureRandomTest, SessionRepoMemory, UserRepoMemory } from "@sojourn/testing"
import { Array, Effect, Exit, Fiber, Layer, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { memory } from "./memory.ts"

const userId = UserId.make("alice")
const rules = SessionRules.make({})

const admit = Effect.gen(function*() {
  const repo = yield* SessionRepo
  return yield* repo.admit(yield* Fixtures.candidate({ userId }), rules)
})

const revokeAll = SessionRepo.use((repo) =>
  repo.endAll(userId, Option.none(), SessionEnd.make({ at: Fixtures.now, reason: "logout", actor: system }))
)

const setLimit = (limit: number | "unlimited") =>
  UserRepo.use((users) => users.put(User.make({ id: userId, maxSessions: Option.some(limit) })))

const kept = Effect.gen(function*() {
  const repo = yield* SessionRepo
  const log = yield* EventLog
  const { active, total } = yield* repo.list({ userId, now: Fixtures.now, all: true, before: Option.none(), limit: 1 })
  const events = yield* log.read({ after: 0, limit: 100, userId: Option.none() })
  return { total, active, events: events.length }
})

/** Three sessions where one is allowed: the next login has three to end, and four events to write. */
const threeTooMany = setLimit("unlimited").pipe(
  Effect.andThen(Effect.replicateEffect(admit, 3)),
  Effect.andThen(setLimit(1))
)
const nothing = { total: 3, active: 3, events: 3 }
const everything = { total: 4, active: 1, events: 7 }

describe("SessionRepoMemory", () => {
  it.effect("C21 a login that is interrupted, at whatever step, is there in full or not at all", () =>
    Effect.gen(function*() {
      const outcomes = yield* Effect.forEach(Array.range(0, 20), (steps) =>
        Effect.gen(function*() {
          yield* threeTooMany
          const login = yield* Effect.forkChild(admit, { startImmediately: true })
          yield* Effect.repeat(Effect.yieldNow, { times: steps })
          yield* Fiber.interrupt(login)
          const found = yield* kept
          assert.deepInclude([nothing, everything], found)
          yield* setLimit(9)
          assert.deepStrictEqual((yield* admit).evicted, [], "the user's lock is free again")
          return found.total
        }).pipe(Effect.provide(Layer.fresh(Layer.merge(memory, SecureRandom.layerWebCrypto)), { local: true })))
      assert.deepStrictEqual(new Set(outcomes), new Set([3, 4]))
    }))

  it.effect("C21 a login that dies under the user's lock leaves nothing, and frees the lock", () =>
    Effect.gen(function*() {
      yield* Effect.replicateEffect(admit, 3)
      assert.isTrue(Exit.hasDies(yield* Effect.exit(admit)))
      assert.deepStrictEqual(yield* kept, nothing)
      yield* admit
      assert.deepStrictEqual(yield* kept, everything)
    }).pipe(Effect.provide(Layer.unwrap(Effect.sync(() => {
      let calls = 0
      return overUsers({
        limit: () => Effect.suspend(() => ++calls === 4 ? Effect.die("no limit") : Effect.succeed(calls < 4 ? 3 : 1))
      })
    })))))

  it.effect("C21 revoking all that dies for want of an event's id leaves nothing, and frees the user's lock", () =>
    Effect.gen(function*() {
      yield* threeTooMany
      assert.isTrue(Exit.hasDies(yield* Effect.exit(revokeAll)))
      assert.deepStrictEqual(yield* kept, nothing)
      yield* revokeAll
      assert.deepStrictEqual(yield* kept, { total: 3, active: 0, events: 7 })
    }).pipe(Effect.provide(
      SessionRepoMemory.layer.pipe(
        Layer.provideMerge(UserRepoMemory.layer()),
        Layer.provide(dyingAtCall(1)),
        Layer.merge(SecureRandomTest.layer())
      )
    )))

  it.effect("a store of users that fails fails the login with a SessionRepoError of the same reason", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      for (const operation of ["admit", "enforceLimit"] as const) {
        const attempt = operation === "admit" ? admit : repo.enforceLimit(userId, rules, Fixtures.now)
        const error = yield* Effect.flip(attempt)
        assert.deepInclude({ ...error }, { _tag: "SessionRepoError", operation, reason: "Unavailable" })
        assert.strictEqual(error.message, "The users are away")
      }
    }).pipe(Effect.provide(overUsers({
      limit: () =>
        Effect.fail(
          new UserRepoError({ operation: "limit", reason: "Unavailable", message: "The users are away", cause: "test" })
        )
    }))))

  it.effect("T4 the application's own rule decides", () =>
    Effect.gen(function*() {
      const admitted = yield* Effect.replicateEffect(admit, 5)
      assert.deepStrictEqual(admitted.map(({ evicted }) => evicted.length), [0, 0, 0, 0, 1])
    }).pipe(Effect.provide(overUsers({ limit: (userId) => Effect.succeed(userId === "alice" ? 4 : 0) }))))
})

function overUsers(users: Pick<UserRepo["Service"], "limit">) {
  return SessionRepoMemory.layer.pipe(
    Layer.provide(Layer.mock(UserRepo)(users)),
    Layer.provideMerge(SecureRandomTest.layer())
  )
}

/** Ids of which one cannot be had. */
function dyingAtCall(nth: number) {
  return Layer.effect(
    SecureRandom.SecureRandom,
    Effect.map(SecureRandom.SecureRandom, (random) => {
      let calls = 0
      return {
        ...random,
        // TypeScript cannot match a function with the generator's overloads.
        uuidV7: (() =>
          Effect.suspend(() =>
            ++calls === nth ? Effect.die("no more ids") : random.uuidV7()
          )) as SecureRandom.UuidGenerator
      }
    })
  ).pipe(Layer.provide(SecureRandomTest.layer("ids")))
}
