/** PostgreSQL frozen or gone: typed errors in bounded time, and nothing is accepted on a guess. */
import { assert, describe, it } from "@effect/vitest"
import { AnswerTimeout } from "@sojourn/postgres"
import { DateTime, Duration, Effect, Layer, Redacted, Schedule } from "effect"
import {
  CreateSession,
  createSession,
  putUser,
  RevokeSession,
  revokeSession,
  SessionCache,
  Sojourn,
  system,
  User,
  UserId,
  validateSession
} from "sojourn"
import { startPostgresServer } from "../../testing/test/servers.ts"

describe("PostgreSQL away", () => {
  it.live(
    "V12 frozen, then killed, then back: fails closed with a typed error in time, and recovers by itself",
    () =>
      Effect.gen(function*() {
        const server = yield* startPostgresServer()
        const App = Sojourn.layer({ databaseUrl: Redacted.make(server.url), migrate: true, sweepEvery: "never" }).pipe(
          Layer.provide(Layer.succeed(AnswerTimeout, Duration.seconds(2)))
        )
        yield* Effect.gen(function*() {
          const userId = UserId.make("ada")
          yield* putUser(User.make({ id: userId }))
          const login = createSession(CreateSession.make({ userId }))
          const { sessionId, token } = yield* login
          const uncache = SessionCache.use((cache) =>
            Effect.flatMap(DateTime.now, (now) => cache.fence(userId, [sessionId], now))
          )
          const revoke = revokeSession(RevokeSession.make({ sessionId, actor: system }))

          const fails = Effect.fnUntraced(function*<A, E extends { readonly _tag: string }, R>(
            operation: Effect.Effect<A, E, R>
          ) {
            const [took, error] = yield* Effect.timed(Effect.flip(operation))
            assert.strictEqual(error._tag === "SessionRepoError" && "reason" in error && error.reason, "Unavailable")
            assert.isBelow(Duration.toMillis(took), 5000)
          })
          const allFail = Effect.gen(function*() {
            yield* uncache
            yield* fails(validateSession(token))
            yield* fails(login)
            yield* fails(revoke)
          })
          yield* server.freeze
          yield* allFail
          yield* server.kill
          yield* allFail
          yield* server.restart

          const again = yield* Effect.retry(validateSession(token), {
            times: 50,
            schedule: Schedule.spaced("100 millis")
          })
          assert.strictEqual(again.session.id, sessionId)
        }).pipe(Effect.provide(App))
      }).pipe(Effect.scoped),
    90_000
  )
})
