/** What a login costs, counted on the wire. */
import { assert, it } from "@effect/vitest"
import { Effect, Option, Redacted, Schedule } from "effect"
import {
  CreateSession,
  createSession,
  ListSessions,
  listSessions,
  putUser,
  RevokeSession,
  revokeSession,
  type SessionId,
  type SessionToken,
  Sojourn,
  system,
  Tier,
  User,
  UserId,
  validateSession
} from "sojourn"
import { describeRedis, freshDatabase, freshRedisPrefix, redisUrl } from "../../testing/test/servers.ts"
import { countingProxy, postgresStatements, redisCommands } from "./countingProxy.ts"

const login = (userId: UserId) =>
  createSession(CreateSession.make({
    userId,
    ipAddress: Option.some("8.8.8.8"),
    userAgent: Option.some("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0")
  }))

const revoke = (sessionId: SessionId) => revokeSession(RevokeSession.make({ sessionId, actor: system }))

describeRedis("round trips", () => {
  it.live(
    "C5 C8 a login with Redis is 1 PostgreSQL statement and 1 Redis command, evicting or not",
    () =>
      Effect.gen(function*() {
        const postgres = yield* countingProxy(Redacted.value(yield* freshDatabase), postgresStatements)
        const redis = yield* countingProxy(redisUrl!, redisCommands)
        const App = Sojourn.layer({
          databaseUrl: Redacted.make(postgres.url),
          redisUrl: Redacted.make(redis.url),
          redisPrefix: yield* freshRedisPrefix,
          migrate: true,
          sweepEvery: "never",
          cacheRepair: false
        })
        yield* Effect.gen(function*() {
          const userId = UserId.make("counted")
          yield* putUser(User.make({ id: userId, tier: Tier.make("basic") }))
          // The first one teaches Redis the script.
          yield* login(userId)

          const costs: Array<{ readonly statements: number; readonly commands: number; readonly evicted: number }> = []
          for (let nth = 0; nth < 4; nth++) {
            const before = { statements: postgres.count(), commands: redis.count() }
            const { evicted } = yield* login(userId)
            costs.push({
              statements: postgres.count() - before.statements,
              commands: redis.count() - before.commands,
              evicted: evicted.length
            })
          }
          assert.deepStrictEqual(costs, [
            { statements: 1, commands: 1, evicted: 0 },
            { statements: 1, commands: 1, evicted: 1 },
            { statements: 1, commands: 1, evicted: 1 },
            { statements: 1, commands: 1, evicted: 1 }
          ])
        }).pipe(Effect.provide(App))
      }).pipe(Effect.scoped),
    60_000
  )

  it.live("C14 64 logins that wait together share their statements", () =>
    Effect.gen(function*() {
      const postgres = yield* countingProxy(Redacted.value(yield* freshDatabase), postgresStatements)
      const App = Sojourn.layer({
        databaseUrl: Redacted.make(postgres.url),
        migrate: true,
        sweepEvery: "never"
      })
      yield* Effect.gen(function*() {
        const users = Array.from({ length: 64 }, (_, n) => UserId.make(`together-${n}`))
        yield* Effect.forEach(users, (id) => putUser(User.make({ id })), { concurrency: 8 })
        yield* login(users[0]!)
        const before = postgres.count()
        yield* Effect.forEach(users, login, { concurrency: "unbounded" })
        assert.isAtMost(postgres.count() - before, 4)
      }).pipe(Effect.provide(App))
    }).pipe(Effect.scoped), 60_000)

  it.live("V8 R1 Q11 validating, listing and revoking: what each costs", () =>
    Effect.gen(function*() {
      const postgres = yield* countingProxy(Redacted.value(yield* freshDatabase), postgresStatements)
      const redis = yield* countingProxy(redisUrl!, redisCommands)
      const redisPrefix = yield* freshRedisPrefix
      const process = Sojourn.layer({
        databaseUrl: Redacted.make(postgres.url),
        redisUrl: Redacted.make(redis.url),
        redisPrefix,
        migrate: true,
        sweepEvery: "never",
        cacheRepair: false
      })
      const cost = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.gen(function*() {
          const before = [postgres.count(), redis.count()]
          yield* effect
          return [postgres.count() - before[0]!, redis.count() - before[1]!]
        })
      /** Waits until the process keeps sessions in front, which it does once it hears of endings. */
      const untilInFront = (token: SessionToken) =>
        Effect.repeat(cost(validateSession(token)), {
          until: ([, commands]) => commands === 0,
          schedule: Schedule.spaced("10 millis"),
          times: 1000
        })
      yield* Effect.gen(function*() {
        const userId = UserId.make("validated")
        yield* putUser(User.make({ id: userId, tier: Tier.make("plus") }))
        // Both processes learn the scripts first.
        yield* login(userId).pipe(Effect.flatMap(({ sessionId }) => revoke(sessionId)))
        const { token: other } = yield* login(userId)
        yield* untilInFront(other)
        const { sessionId, token } = yield* login(userId)

        // Where the session was created it is in front already.
        assert.deepStrictEqual(yield* cost(validateSession(token)), [0, 0])
        yield* Effect.gen(function*() {
          yield* untilInFront(other)
          assert.deepStrictEqual(yield* cost(validateSession(token)), [0, 1])
          assert.deepStrictEqual(yield* cost(validateSession(token)), [0, 0])
        }).pipe(Effect.provide(process, { local: true }))
        assert.deepStrictEqual(yield* cost(listSessions(ListSessions.make({ userId, all: true }))), [1, 0])
        assert.deepStrictEqual(yield* cost(revoke(sessionId)), [1, 1])
        assert.strictEqual((yield* Effect.flip(validateSession(token)))._tag, "SessionNotActive")
      }).pipe(Effect.provide(process, { local: true }))
    }).pipe(Effect.scoped), 60_000)
})
