import { assert, it } from "@effect/vitest"
import { type CachedSession, routingTag, type SessionCache, UserId } from "@sojourn/core"
import { CacheInvalidationsRedis, EventStreamRedis, RedisClient } from "@sojourn/redis"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { Effect, Layer, Option, Redacted, Result } from "effect"
import { SecureRandom } from "effect/crypto"
import type { Redis } from "ioredis"
import { readFileSync } from "node:fs"
import { startRedisServer } from "../../testing/test/servers.ts"
import { cacheOver, describeServer, inspect } from "./Backend.ts"
import { clientOf, consume, eventsAt } from "./EventStream.ts"
import { listening } from "./Front.ts"

const { now } = Fixtures

/** The commands that clients send while the effect runs; those that scripts run inside are not counted. */
const commandsOf = <A, E, R>(redis: Redis, effect: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.promise(() => redis.monitor()),
    (monitor) =>
      Effect.gen(function*() {
        const sent: Array<string> = []
        monitor.on("monitor", (_time: string, [name]: [string], source: string) => {
          if (source !== "lua") sent.push(name.toLowerCase())
        })
        yield* effect
        // what the monitor tells comes in order: once it tells of this, it has told of everything before
        yield* Effect.promise(() => redis.echo("done"))
        yield* Effect.sleep("5 millis").pipe(Effect.repeat({ until: () => sent.includes("echo") }))
        return sent.filter((name) => name !== "echo")
      }),
    (monitor) => Effect.sync(() => monitor.disconnect())
  )

const sessionOf = (userId: UserId) =>
  Effect.map(Fixtures.freshSessionId, (id) => Fixtures.cachedSession({ id, userId }))

const together = <E>(effects: ReadonlyArray<Effect.Effect<void, E>>) =>
  Effect.all(effects, { concurrency: "unbounded", discard: true })

const setup = Effect.gen(function*() {
  const { url } = yield* startRedisServer()
  const redis = yield* inspect(url)
  const cache = yield* cacheOver(url, { timeout: "5 seconds" })
  const userId = yield* Fixtures.freshUserId
  const session = sessionOf(userId)
  return { redis, cache, userId, session }
})

/** Runs each operation once, so that the server knows the scripts. */
const warm = Effect.fnUntraced(function*(cache: SessionCache["Service"], session: CachedSession) {
  yield* cache.put(session, [], now)
  yield* cache.fill(session, now)
  yield* cache.touch(session, now)
  yield* cache.fence(session.userId, [session.id], now)
})

it.layer(SecureRandom.layerWebCrypto, { excludeTestServices: true })((it) => {
  describeServer("SessionCacheRedis commands", () => {
    it.effect("C5 a login that evicts two sessions is one command", () =>
      Effect.gen(function*() {
        const { cache, redis, session } = yield* setup
        const [first, second, admitted] = [yield* session, yield* session, yield* session]
        yield* warm(cache, first)
        const sent = yield* commandsOf(redis, cache.put(admitted, [first.id, second.id], now))
        assert.deepStrictEqual(sent, ["evalsha"])
      }))

    it.effect("C5 logins at the same moment are one command, whoever they are", () =>
      Effect.gen(function*() {
        const { cache, redis, session } = yield* setup
        const one = yield* session
        yield* warm(cache, one)
        const users = yield* Effect.replicateEffect(Fixtures.freshUserId, 64)
        const admitted = yield* Effect.forEach(users, sessionOf)
        const evicted = yield* Effect.forEach(users, sessionOf)
        assert.deepStrictEqual(
          yield* commandsOf(redis, together(evicted.map((old) => cache.put(old, [], now)))),
          ["evalsha"]
        )
        assert.deepStrictEqual(
          yield* commandsOf(redis, together(admitted.map((one, at) => cache.put(one, [evicted[at]!.id], now)))),
          ["evalsha"]
        )
        for (const [at, user] of users.entries()) {
          assert.deepStrictEqual(yield* cache.index(user, now), [admitted[at]!.id])
          assert.deepStrictEqual(yield* cache.get(admitted[at]!.id, routingTag(user), now), Option.some(admitted[at]!))
          assert.deepStrictEqual(yield* cache.get(evicted[at]!.id, routingTag(user), now), Option.none())
        }
      }))

    it.effect("K27 of logins at the same moment, one whose key holds something else fails alone", () =>
      Effect.gen(function*() {
        const { cache, redis } = yield* setup
        const users = yield* Effect.replicateEffect(Fixtures.freshUserId, 3)
        const [first, second, third] = yield* Effect.forEach(users, sessionOf)
        const tag = routingTag(second!.userId)
        yield* Effect.promise(() => redis.set(`sojourn:{${tag}}:u:${second!.userId}`, "something else"))
        const exits = yield* Effect.forEach(
          [first!, second!, third!],
          (one) => Effect.result(cache.put(one, [], now)),
          {
            concurrency: "unbounded"
          }
        )
        assert.deepStrictEqual(exits.map(Result.isSuccess), [true, false, true])
        assert.match(Option.getOrThrow(Result.getFailure(exits[1]!)).message, /the key holds something else/)
        assert.deepStrictEqual(yield* cache.index(first!.userId, now), [first!.id])
        assert.deepStrictEqual(yield* cache.index(third!.userId, now), [third!.id])
      }))

    it.effect("K2 K5 K7 K13 every operation is one command", () =>
      Effect.gen(function*() {
        const { cache, redis, session, userId } = yield* setup
        const [one, ...others] = yield* Effect.replicateEffect(session, 50)
        yield* warm(cache, one!)
        const tag = routingTag(userId)
        const all = Effect.forEach(others, (other) => cache.fill(other, now))
        assert.deepStrictEqual(yield* commandsOf(redis, all), others.map(() => "evalsha"))
        const reads = Effect.forEach(others, ({ id }) => cache.get(id, tag, now), { concurrency: "unbounded" })
        assert.deepStrictEqual(yield* commandsOf(redis, reads), ["mget"])
        const alone = Effect.forEach(others, ({ id }) => cache.get(id, tag, now))
        assert.deepStrictEqual(yield* commandsOf(redis, alone), others.map(() => "get"))
        assert.deepStrictEqual(yield* commandsOf(redis, cache.index(userId, now)), ["zrangebyscore"])
        const activity = Effect.forEach(others, (other) => cache.touch(other, now))
        assert.deepStrictEqual(yield* commandsOf(redis, activity), others.map(() => "evalsha"))
        const ids = others.map(({ id }) => id)
        assert.deepStrictEqual(yield* commandsOf(redis, cache.fence(userId, ids, now)), ["evalsha"])
        assert.deepStrictEqual(yield* commandsOf(redis, cache.fence(userId, [], now)), [])
        const anyones = others.map(({ id }) => ({ userId, sessionId: id }))
        assert.deepStrictEqual(yield* commandsOf(redis, cache.unfenced(anyones, now)), ["mget"])
        assert.deepStrictEqual(yield* commandsOf(redis, cache.unfenced([], now)), [])
        const over = cache.fill(one!, one!.activeUntil)
        assert.deepStrictEqual(yield* commandsOf(redis, over), [])
      }))

    it.effect("needs no more permissions than the README says", () =>
      Effect.gen(function*() {
        const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")
        const permissions =
          /ACL user: `([^`]+)`,\sand for the event stream `([^`]+)`/.exec(readme)?.slice(1).join(" ").split(" ") ??
            []
        const { port } = yield* startRedisServer(["--user", "app", "on", ">secret", ...permissions])
        const cache = yield* cacheOver(`redis://app:secret@127.0.0.1:${port}`, {
          timeout: "5 seconds",
          client: { required: true }
        })
        const redis = yield* inspect(`redis://127.0.0.1:${port}`)
        const newSession = sessionOf(UserId.make("a"))
        const [first, second] = [yield* newSession, yield* newSession]
        const tag = routingTag(first.userId)
        yield* Effect.promise(() => redis.set(`sojourn:{${tag}}:s:${first.id}`, "unreadable"))
        assert.deepStrictEqual(yield* cache.get(first.id, tag, now), Option.none())
        yield* cache.fill(first, now)
        assert.deepStrictEqual(yield* cache.get(first.id, tag, now), Option.some(first))
        yield* cache.touch(first, now)
        yield* cache.put(second, [first.id], now)
        assert.deepStrictEqual(yield* cache.get(second.id, tag, now), Option.some(second))
        assert.deepStrictEqual(yield* cache.index(first.userId, now), [second.id])
        yield* cache.fence(first.userId, [second.id], now)
        assert.deepStrictEqual(yield* cache.index(first.userId, now), [])
        const ended = { userId: second.userId, sessionId: second.id }
        assert.deepStrictEqual(yield* cache.unfenced([ended], now), [])
        const channel = CacheInvalidationsRedis.layer().pipe(
          Layer.provide(RedisClient.layerUrl(Redacted.make(`redis://app:secret@127.0.0.1:${port}`)))
        )
        yield* listening.pipe(Effect.provide(channel), Effect.timeout("5 seconds"))
        const context = yield* clientOf(`redis://app:secret@127.0.0.1:${port}`)
        yield* Effect.gen(function*() {
          const left = yield* consume({ group: "g", consumer: "a", idle: "100 millis" }, () => Effect.never)
          yield* EventStreamRedis.sink()(eventsAt([1]))
          yield* EventStreamRedis.sink()(eventsAt([1, 2]))
          yield* left.untilCount(1)
          yield* Effect.sleep("100 millis")
          yield* left.stop
          const heir = yield* consume({ group: "g", consumer: "b", idle: "100 millis" })
          yield* heir.untilCount(2)
        }).pipe(Effect.provide(context))
        const denied = yield* Effect.promise(() => redis.call("ACL", "LOG"))
        assert.deepStrictEqual(denied, [])
      }))

    it.effect("K27 a server that forgot the scripts is sent them once more", () =>
      Effect.gen(function*() {
        const { cache, redis, session } = yield* setup
        const [first, second, third] = [yield* session, yield* session, yield* session]
        yield* warm(cache, first)
        yield* Effect.promise(() => redis.script("FLUSH"))
        assert.deepStrictEqual(yield* commandsOf(redis, cache.put(second, [], now)), ["evalsha", "eval"])
        assert.deepStrictEqual(yield* commandsOf(redis, cache.put(third, [], now)), ["evalsha"])
        assert.sameMembers([...yield* cache.index(first.userId, now)], [second.id, third.id])
      }))

    it.effect("K27 a script that the server forgot is sent once more, and its neighbours are not", () =>
      Effect.gen(function*() {
        const { cache, redis, session } = yield* setup
        const [first, filled, ...others] = yield* Effect.replicateEffect(session, 12)
        yield* warm(cache, first!)
        yield* Effect.promise(() => redis.script("FLUSH"))
        yield* cache.put(first!, [], now)
        const all = Effect.all([
          ...others.slice(0, 5).map((one) => cache.put(one, [], now)),
          cache.fill(filled!, now),
          ...others.slice(5).map((one) => cache.put(one, [], now))
        ], { concurrency: "unbounded" })
        const sent = yield* commandsOf(redis, all)
        assert.deepStrictEqual(sent.toSorted(), ["eval", "evalsha", "evalsha"])
        assert.sameMembers(
          [...yield* cache.index(first!.userId, now)],
          [filled!, ...others].map(({ id }) => id)
        )
      }))
  })
})
