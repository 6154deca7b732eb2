/** Redis frozen, then killed, under load: nobody is logged out, nobody revoked gets in, and nothing waits. */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Random, Redacted, Ref, Result } from "effect"
import {
  CreateSession,
  createSession,
  putUser,
  RevokeSession,
  revokeSession,
  Sojourn,
  system,
  Tier,
  User,
  UserId,
  validateSession
} from "sojourn"
import { describeRedis, freshDatabase, startRedisServer } from "../../testing/test/servers.ts"

const users = Array.from({ length: 50 }, (_, nth) => UserId.make(`user-${nth}`))

describeRedis("Redis away", () => {
  it.live(
    "V12 K27 frozen and killed under load: 0 wrong accepts, 0 wrong rejects, nothing hangs",
    () =>
      Effect.gen(function*() {
        const redis = yield* startRedisServer()
        const App = Sojourn.layer({
          databaseUrl: yield* freshDatabase,
          redisUrl: Redacted.make(redis.url),
          migrate: true,
          sweepEvery: "never"
        })
        yield* Effect.gen(function*() {
          yield* Effect.forEach(users, (id) => putUser(User.make({ id, tier: Tier.make("pro") })), { concurrency: 8 })
          const sessions = yield* Effect.forEach(
            Array.from({ length: 500 }),
            (_, nth) => createSession(CreateSession.make({ userId: users[nth % users.length]! })),
            { concurrency: 32 }
          )
          const revoking = new Set<string>()
          const revoked = new Set<string>()
          const finished = yield* Ref.make(false)
          const wrong: Array<string> = []
          const took: Array<number> = []

          const step = Effect.gen(function*() {
            const { sessionId, token } = sessions[yield* Random.nextIntBetween(0, sessions.length - 1)]!
            if ((yield* Random.next) < 0.01) {
              revoking.add(sessionId)
              yield* revokeSession(RevokeSession.make({ sessionId, actor: system }))
              revoked.add(sessionId)
              return
            }
            const wasRevoked = revoked.has(sessionId)
            const [duration, result] = yield* Effect.timed(Effect.result(validateSession(token)))
            took.push(Duration.toMillis(duration))
            if (Result.isSuccess(result) && wasRevoked) wrong.push(`accepted ${sessionId}`)
            if (Result.isFailure(result) && !revoking.has(sessionId)) {
              wrong.push(`${result.failure._tag} for ${sessionId}`)
            }
          })
          const load = yield* Effect.forEach(
            Array.from({ length: 16 }),
            () => Effect.whileLoop({ while: () => !Ref.getUnsafe(finished), body: () => step, step: () => {} }),
            { concurrency: "unbounded" }
          ).pipe(Effect.forkChild)

          /** The validations of the next second, the slowest hundredth left out. */
          const p99 = Effect.gen(function*() {
            took.length = 0
            yield* Effect.sleep("1 second")
            return took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? 0
          })
          const measured: Record<string, number> = { well: yield* p99 }
          yield* redis.freeze
          yield* Effect.sleep("500 millis")
          measured["frozen"] = yield* p99
          yield* redis.thaw
          measured["thawed"] = yield* p99
          yield* redis.kill
          yield* Effect.sleep("500 millis")
          measured["killed"] = yield* p99
          yield* redis.restart
          measured["restarted"] = yield* p99
          yield* Ref.set(finished, true)
          yield* Fiber.join(load)

          yield* Effect.log("99 of 100 validations took at most (ms)", measured)
          assert.deepStrictEqual(wrong, [])
          assert.isAbove(revoked.size, 0)
          for (const [when, millis] of Object.entries(measured)) assert.isBelow(millis, 1000, when)
        }).pipe(Effect.provide(App))
      }).pipe(Effect.scoped),
    90_000
  )
})
