import { assert, it } from "@effect/vitest"
import { CachedSession, type RoutingTag, routingTag, UserId } from "@sojourn/core"
import { evaluate } from "@sojourn/redis/RedisCall"
import { encode, tombstone } from "@sojourn/redis/SessionCodec"
import * as SessionKeys from "@sojourn/redis/SessionKeys"
import { removeIfStill } from "@sojourn/redis/SessionScripts"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { DateTime, Duration, Effect, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { describeRedis, freshRedisPrefix, redisUrl } from "../../testing/test/servers.ts"
import { cacheOver, inspect, type Options } from "./Backend.ts"

const { now } = Fixtures
const url = redisUrl ?? ""
const after = (millis: number) => DateTime.addDuration(now, Duration.millis(millis))

const setup = Effect.fnUntraced(function*(options: Partial<Options> = {}) {
  const prefix = options.prefix ?? (yield* freshRedisPrefix)
  const redis = yield* inspect(url)
  const cache = yield* cacheOver(url, { prefix, timeout: "5 seconds", ...options })
  const keys = SessionKeys.make(prefix)
  const userId = UserId.make(yield* SecureRandom.SecureRandom.use((random) => random.uuidV4()))
  const tag = routingTag(userId)
  const session = Effect.fnUntraced(function*(expiresAt = Fixtures.after("30 days")) {
    return Fixtures.cachedSession({ id: yield* Fixtures.freshSessionId, userId, expiresAt })
  })
  return {
    cache,
    redis,
    prefix,
    userId,
    tag,
    session,
    indexKey: keys.index(userId, tag),
    keyOf: ({ id }: CachedSession) => keys.session(id, tag)
  }
})

/** As long as the default prefix, which other tests may use. */
const usualPrefix = SecureRandom.SecureRandom.use((random) => Effect.map(random.uuidV4(), (id) => id.slice(-7)))

it.layer(SecureRandom.layerWebCrypto, { excludeTestServices: true })((it) => {
  describeRedis("SessionCacheRedis in Redis", () => {
    it.effect("K3 K4 keys live for the staleness bound, or until the session is over, and the index for the longest", () =>
      Effect.gen(function*() {
        const { cache, indexKey, keyOf, redis, session } = yield* setup()
        const [long, short] = [yield* session(), yield* session(after(10_000))]
        yield* cache.put(long, [], now)
        yield* cache.fill(short, now)
        const [longLife, shortLife, indexLife] = yield* Effect.promise(() =>
          Promise.all([redis.pttl(keyOf(long)), redis.pttl(keyOf(short)), redis.pttl(indexKey)])
        )
        assert.isTrue(longLife! > 45_000 && longLife! <= 55_000, `${longLife}`)
        assert.isTrue(shortLife! > 5000 && shortLife! <= 10_000, `${shortLife}`)
        const month = Duration.toMillis("30 days")
        assert.isTrue(indexLife! > month - 10_000 && indexLife! <= month, `${indexLife}`)
      }))

    it.effect("K4 what nobody uses any more goes away by itself", () =>
      Effect.gen(function*() {
        const { cache, indexKey, keyOf, redis, session } = yield* setup({ stalenessBound: Duration.millis(100) })
        const [brief, ended] = [yield* session(after(150)), yield* session()]
        yield* cache.put(brief, [ended.id], now)
        yield* Effect.sleep("300 millis")
        const left = yield* Effect.promise(() => redis.exists(keyOf(brief), keyOf(ended), indexKey))
        assert.strictEqual(left, 0)
      }))

    it.effect("K20 a tombstone outlives every fill that was read before it", () =>
      Effect.gen(function*() {
        const { cache, keyOf, redis, session, userId } = yield* setup()
        const ended = yield* session()
        yield* cache.fence(userId, [ended.id], now)
        assert.strictEqual(yield* Effect.promise(() => redis.get(keyOf(ended))), tombstone)
        const life = yield* Effect.promise(() => redis.pttl(keyOf(ended)))
        assert.isTrue(life > 100_000 && life <= 110_000, `${life}`)
      }))

    it.effect("K4 a value that Redis keeps for too long is not used past its deadline", () =>
      Effect.gen(function*() {
        const { cache, keyOf, redis, session, tag } = yield* setup()
        const one = yield* session()
        yield* cache.put(one, [], now)
        yield* Effect.promise(() => redis.persist(keyOf(one)))
        assert.isTrue(Option.isSome(yield* cache.get(one.id, tag, after(54_999))))
        assert.deepStrictEqual(yield* cache.get(one.id, tag, after(55_000)), Option.none())
      }))

    it.effect("K20 activity moves the score in the index, and neither the life of the key nor its deadline", () =>
      Effect.gen(function*() {
        const { cache, indexKey, keyOf, redis, session, tag } = yield* setup()
        const begun = CachedSession.make({ ...yield* session(), idleTimeout: Option.some(Duration.minutes(2)) })
        yield* cache.put(begun, [], now)
        yield* Effect.promise(() => redis.pexpire(keyOf(begun), 20_000))
        yield* cache.touch(CachedSession.make({ ...begun, lastActivityAt: after(40_000) }), after(40_000))
        const [score, life] = yield* Effect.promise(() =>
          Promise.all([redis.zscore(indexKey, begun.id), redis.pttl(keyOf(begun))])
        )
        assert.strictEqual(Number(score), after(160_000).epochMilliseconds)
        assert.isTrue(life > 10_000 && life <= 20_000, `${life}`)
        assert.isTrue(Option.isSome(yield* cache.get(begun.id, tag, after(54_999))))
        assert.deepStrictEqual(yield* cache.get(begun.id, tag, after(55_000)), Option.none())
      }))

    it.effect("K26 activity leaves what cannot be read alone", () =>
      Effect.gen(function*() {
        const { cache, keyOf, redis, session } = yield* setup()
        const one = yield* session()
        const value = encode(one, 1)
        value[0] = 2
        yield* Effect.promise(() => redis.set(keyOf(one), value))
        yield* cache.touch(one, now)
        assert.deepStrictEqual(yield* Effect.promise(() => redis.getBuffer(keyOf(one))), value)
      }))

    it.effect("K24 all keys of a user carry the routing tag as hash tag, whatever the user id", () =>
      Effect.gen(function*() {
        const { cache, prefix, redis } = yield* setup()
        const userId = UserId.make("}a{b}:{")
        const session = Fixtures.cachedSession({ userId })
        yield* cache.put(session, [], now)
        const found = yield* Effect.promise(() => redis.keys(`${prefix}*`))
        const tag: RoutingTag = routingTag(userId)
        assert.sameMembers(found, [`${prefix}:{${tag}}:s:${session.id}`, `${prefix}:{${tag}}:u:}a{b}:{`])
      }))

    it.effect("K24 a prefix that would decide on the place of keys itself is refused", () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(Effect.scoped(cacheOver(url, { prefix: "{}" })))
        assert.include(`${exit}`, "must not contain braces")
      }))

    it.effect.each([
      { what: "an empty value", value: Buffer.from("") },
      { what: "another library's", value: Buffer.from(`{"id":"1"}`) },
      { what: "an older version's", value: Buffer.concat([Buffer.from([0]), encode(Fixtures.cachedSession(), 1)]) },
      { what: "half a value", value: encode(Fixtures.cachedSession(), 1).subarray(0, 70) }
    ])("K26 $what is a miss and is removed, and the next fill goes in", ({ value }) =>
      Effect.gen(function*() {
        const { cache, keyOf, redis, session, tag } = yield* setup()
        const one = yield* session()
        yield* Effect.promise(() => redis.set(keyOf(one), value))
        assert.deepStrictEqual(yield* cache.get(one.id, tag, now), Option.none())
        assert.strictEqual(yield* Effect.promise(() => redis.exists(keyOf(one))), 0)
        yield* cache.fill(one, now)
        assert.deepStrictEqual(yield* cache.get(one.id, tag, now), Option.some(one))
      }))

    it.effect("K26 removing an unreadable value spares what was written meanwhile", () =>
      Effect.gen(function*() {
        const { cache, keyOf, redis, session, tag, userId } = yield* setup()
        const [written, ended] = [yield* session(), yield* session()]
        const unreadable = Buffer.from("old")
        yield* cache.put(written, [], now)
        yield* cache.fence(userId, [ended.id], now)
        for (const one of [written, ended]) {
          yield* Effect.promise(() => evaluate(redis, removeIfStill, [keyOf(one)], [unreadable]))
        }
        assert.deepStrictEqual(yield* cache.get(written.id, tag, now), Option.some(written))
        assert.strictEqual(yield* Effect.promise(() => redis.get(keyOf(ended))), tombstone)
      }))

    it.effect("K26 reading a tombstone does not remove it", () =>
      Effect.gen(function*() {
        const { cache, keyOf, redis, session, tag, userId } = yield* setup()
        const ended = yield* session()
        yield* cache.fence(userId, [ended.id], now)
        assert.deepStrictEqual(yield* cache.get(ended.id, tag, now), Option.none())
        assert.strictEqual(yield* Effect.promise(() => redis.get(keyOf(ended))), tombstone)
      }))

    it.effect("K16 an index entry that is no session id is left out", () =>
      Effect.gen(function*() {
        const { cache, indexKey, redis, session, userId } = yield* setup()
        const one = yield* session()
        yield* cache.put(one, [], now)
        yield* Effect.promise(() => redis.zadd(indexKey, 8e12, "someone else's"))
        assert.deepStrictEqual(yield* cache.index(userId, now), [one.id])
      }))

    it.effect.each([1, 2, 3, 5, 10])(
      "K1 a session of %i costs at most 400 bytes with its share of the index",
      (count) =>
        Effect.gen(function*() {
          const { cache, indexKey, keyOf, redis, session } = yield* setup({ prefix: yield* usualPrefix })
          const sessions = yield* Effect.replicateEffect(session(), count)
          yield* Effect.forEach(sessions, (one) => cache.put(one, [], now))
          const keys = [...sessions.map(keyOf), indexKey]
          const sizes = yield* Effect.promise(() => Promise.all(keys.map((key) => redis.memory("USAGE", key))))
          yield* Effect.promise(() => redis.unlink(keys))
          const bytes = sizes.reduce((sum: number, size) => sum + (size ?? 0), 0)
          assert.isAtLeast(bytes, 200 * count)
          assert.isAtMost(bytes, 400 * count)
        })
    )
  })
})
