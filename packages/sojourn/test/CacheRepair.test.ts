/** A session that is revoked while Redis is away, which then comes back with what it held before. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger, Redacted, Schedule } from "effect"
import { Redis } from "ioredis"
import {
  CreateSession,
  createSession,
  putUser,
  RevokeSession,
  revokeSession,
  routingTag,
  Sojourn,
  system,
  User,
  UserId,
  validateSession
} from "sojourn"
import { describeRedis, freshDatabase, startRedisServer } from "../../testing/test/servers.ts"

const userId = UserId.make("ada")

const setup = Effect.fnUntraced(function*(cacheRepair?: boolean) {
  const server = yield* startRedisServer()
  const redis = yield* Effect.acquireRelease(
    Effect.sync(() => new Redis(server.url).on("error", () => {})),
    (client) => Effect.sync(() => client.disconnect())
  )
  const databaseUrl = yield* freshDatabase
  const process = Layer.build(Layer.fresh(Sojourn.layer({
    databaseUrl,
    redisUrl: Redacted.make(server.url),
    migrate: true,
    sweepEvery: "never",
    cacheRepair
  })))
  const here = yield* process
  /** Revoked while Redis was away; what Redis then holds. */
  const revoked = yield* Effect.gen(function*() {
    yield* putUser(User.make({ id: userId }))
    const { sessionId, token } = yield* createSession(CreateSession.make({ userId }))
    const key = `sojourn:{${routingTag(userId)}}:s:${sessionId}`
    const held = Effect.promise(() => redis.get(key))
    yield* validateSession(token)
    yield* Effect.promise(() => redis.set("saved", "yes"))
    yield* Effect.promise(() => redis.save())
    yield* server.kill
    yield* revokeSession(RevokeSession.make({ sessionId, actor: system }))
    return { token, held, life: Effect.promise(() => redis.pttl(key)) }
  }).pipe(Effect.provide(here))
  assert.strictEqual(
    (yield* Effect.flip(Effect.provide(validateSession(revoked.token), here)))._tag,
    "SessionNotActive"
  )
  yield* server.restart
  assert.strictEqual(yield* Effect.promise(() => redis.get("saved")), "yes")
  return { ...revoked, there: yield* process }
})

describeRedis("Redis away during a revoke", () => {
  it.live(
    "D4 when it returns with the entry, the entry is gone within seconds, and no process accepts the session",
    () =>
      Effect.gen(function*() {
        const { held, there, token } = yield* setup()
        yield* Effect.repeat(held, {
          until: (value) => value === "0",
          schedule: Schedule.spaced("20 millis"),
          times: 500
        })
        assert.strictEqual(yield* held, "0")
        assert.strictEqual((yield* Effect.flip(Effect.provide(validateSession(token), there)))._tag, "SessionNotActive")
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([]))),
    60_000
  )

  it.live(
    "D4 without the repair the entry stays for the rest of the staleness bound",
    () =>
      Effect.gen(function*() {
        const { held, life, there, token } = yield* setup(false)
        yield* Effect.sleep("2 seconds")
        assert.notInclude([null, "0"], yield* held)
        assert.strictEqual((yield* Effect.provide(validateSession(token), there)).session.userId, userId)
        const rest = yield* life
        assert.isTrue(rest > 40_000 && rest <= 53_000, `${rest}`)
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([]))),
    60_000
  )
})
