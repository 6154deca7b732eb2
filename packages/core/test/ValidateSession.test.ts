import { assert, describe, it } from "@effect/vitest"
import {
  CredentialRepo,
  isSameHash,
  makeToken,
  RevokeSession,
  revokeSession,
  SessionCache,
  SessionLookup,
  SessionRepoError,
  StalenessBound,
  system,
  validateSession
} from "@sojourn/core"
import { SessionCacheTest } from "@sojourn/testing"
import { DateTime, Deferred, Duration, Effect, Fiber, Layer, Option } from "effect"
import { Digest } from "effect/crypto"
import { TestClock } from "effect/testing"
import { createHash } from "node:crypto"
import { logIn, sojourn, userId } from "./alice.ts"
import { credentials, operations } from "./counting.ts"

/** As after a restart: a cache with nothing in it, and a store that counts. */
const restarted = (asked: ReturnType<typeof credentials>) =>
  Effect.provide(Layer.provideMerge(Layer.fresh(SessionLookup.layer), asked.layer))

/** WebCrypto answers one hash after the other, so that nobody would ask at the same moment. */
const hashingAtOnce = Effect.provide(Layer.effect(
  Digest.Digest,
  Effect.map(Digest.Digest, (digest) => ({
    ...digest,
    digestHex: (_: Digest.Algorithm, data: Uint8Array) =>
      Effect.sync(() => createHash("sha256").update(data).digest("hex"))
  }))
))

const away = new SessionRepoError({ operation: "find", reason: "Unavailable", message: "away", cause: "test" })
const storeAway = Effect.provide(
  Layer.provideMerge(
    Layer.fresh(SessionLookup.layer),
    Layer.effect(CredentialRepo, Effect.map(CredentialRepo, (repo) => ({ ...repo, find: () => Effect.fail(away) })))
  )
)

describe("validateSession", () => {
  it.effect("V8 a cache hit asks the database nothing, however often", () =>
    Effect.gen(function*() {
      const store = credentials()
      const { token } = yield* logIn
      yield* Effect.replicateEffect(validateSession(token), 10).pipe(restarted(store))
      assert.deepStrictEqual(store.asked, [])
    }).pipe(Effect.provide(sojourn)))

  it.effect("V8 a hit costs one read of the cache and one hash, and writes nothing", () =>
    Effect.gen(function*() {
      const counted = operations()
      const { token } = yield* logIn
      yield* validateSession(token).pipe(Effect.provide(counted.layer))
      assert.deepStrictEqual(counted.done, ["hash", "cache.get"])
    }).pipe(Effect.provide(sojourn)))

  it.effect("V9 100 fibers at once that miss one session ask the database once, and the cache is filled", () =>
    Effect.gen(function*() {
      const store = credentials()
      const { sessionId, token } = yield* logIn
      yield* TestClock.adjust(yield* StalenessBound)
      yield* Effect.gen(function*() {
        const valid = yield* hashingAtOnce(
          Effect.replicateEffect(validateSession(token), 100, { concurrency: "unbounded" })
        )
        assert.deepStrictEqual(new Set(valid.map(({ session }) => session.id)), new Set([sessionId]))
        assert.deepStrictEqual(store.asked, [[sessionId]])
        yield* validateSession(token)
        assert.strictEqual(store.asked.length, 1, "from the cache")
      }).pipe(restarted(store))
    }).pipe(Effect.provide(sojourn)))

  it.effect("V9 300 sessions that are missed at once share two statements, each session in one of them", () =>
    Effect.gen(function*() {
      const store = credentials()
      const logins = yield* Effect.replicateEffect(logIn, 300)
      yield* TestClock.adjust(yield* StalenessBound)
      const validations = logins.flatMap(({ token }) => [validateSession(token), validateSession(token)])
      const valid = yield* Effect.all(validations, { concurrency: "unbounded" }).pipe(hashingAtOnce, restarted(store))
      assert.deepStrictEqual(
        valid.map(({ session }) => session.id),
        logins.flatMap(({ sessionId }) => [sessionId, sessionId])
      )
      assert.strictEqual(store.asked.length, 2)
      assert.sameMembers(store.asked.flat(), logins.map(({ sessionId }) => sessionId))
    }).pipe(Effect.provide(sojourn)))

  it.effect("V9 V11 whoever asks after a statement was sent waits for one of their own", () =>
    Effect.gen(function*() {
      const { sessionId, token } = yield* logIn
      const answer = yield* Deferred.make<void>()
      let statements = 0
      const repo = yield* CredentialRepo
      const slow = Layer.succeed(CredentialRepo, {
        ...repo,
        find: (ids) => Effect.tap(repo.find(ids), () => ++statements === 1 ? Deferred.await(answer) : Effect.void)
      })
      yield* TestClock.adjust(yield* StalenessBound)
      yield* Effect.gen(function*() {
        const before = yield* Effect.forkChild(validateSession(token), { startImmediately: true })
        yield* Effect.repeat(Effect.yieldNow, { times: 20 })
        assert.strictEqual(statements, 1)
        yield* revokeSession(RevokeSession.make({ sessionId, actor: system }))
        const after = yield* Effect.flip(validateSession(token))
        assert.deepInclude({ ...after }, { _tag: "SessionNotActive", reason: "logout" })
        yield* Deferred.succeed(answer, undefined)
        assert.strictEqual((yield* Fiber.join(before)).session.id, sessionId, "it began before the revocation")
        const late = yield* Effect.flip(validateSession(token))
        assert.deepInclude({ ...late }, { _tag: "SessionNotActive" }, "and its late fill changed nothing")
      }).pipe(hashingAtOnce, Effect.provide(Layer.provideMerge(Layer.fresh(SessionLookup.layer), slow)))
    }).pipe(Effect.provide(sojourn)))

  it.effect("V9 a statement that fails fails all who wait for it, and the next one asks again", () =>
    Effect.gen(function*() {
      const { token } = yield* logIn
      yield* TestClock.adjust(yield* StalenessBound)
      const failed = yield* Effect.replicateEffect(Effect.flip(validateSession(token)), 10, {
        concurrency: "unbounded"
      }).pipe(storeAway)
      assert.deepStrictEqual(new Set(failed), new Set([away]))
      yield* validateSession(token)
    }).pipe(Effect.provide(sojourn)))

  it.effect("V10 over by its times: never filled", () =>
    Effect.gen(function*() {
      const cache = SessionCacheTest.recording()
      const { token } = yield* logIn
      yield* TestClock.adjust("30 days")
      const failed = yield* Effect.flip(validateSession(token).pipe(Effect.provide(cache.layer)))
      assert.deepInclude({ ...failed }, { _tag: "SessionNotActive", reason: "expired" })
      assert.deepStrictEqual(cache.writes, [])
    }).pipe(Effect.provide(sojourn)))

  it.effect("V12 a cache that cannot be written does not fail it", () =>
    Effect.gen(function*() {
      const { sessionId, token } = yield* logIn
      const { session } = yield* validateSession(token).pipe(Effect.provide(SessionCacheTest.failing))
      assert.strictEqual(session.id, sessionId)
    }).pipe(Effect.provide(sojourn)))

  it.effect("V12 without the database it fails closed with SessionRepoError; what is cached is still good", () =>
    Effect.gen(function*() {
      const { token } = yield* logIn
      yield* Effect.gen(function*() {
        yield* validateSession(token)
        yield* TestClock.adjust(yield* StalenessBound)
        assert.strictEqual(yield* Effect.flip(validateSession(token)), away)
      }).pipe(storeAway)
    }).pipe(Effect.provide(sojourn)))

  it.effect("V2 V7 what a cache in front has at hand is held against secret and times, else the store decides", () =>
    Effect.gen(function*() {
      const store = credentials()
      const { sessionId, token } = yield* logIn
      const cache = yield* SessionCache
      const { session } = yield* validateSession(token)
      const peek: SessionCache["Service"]["peek"] = (_, hash) =>
        isSameHash(session.secretHash, hash) ? session : undefined
      let got = 0
      const get = () => Effect.as(Effect.sync(() => got++), Option.none())
      const inFront = Effect.provideService(SessionCache, { ...cache, get, peek })
      yield* Effect.gen(function*() {
        assert.strictEqual((yield* validateSession(token)).session, session)
        assert.deepStrictEqual([got, store.asked], [0, []])
        const wrong = yield* Effect.flip(validateSession(makeToken(sessionId, userId, new Uint8Array(32))))
        assert.strictEqual(wrong._tag, "InvalidSessionToken")
        yield* TestClock.adjust(Duration.days(30))
        const over = yield* Effect.flip(validateSession(token))
        assert.deepInclude({ ...over }, { _tag: "SessionNotActive", reason: "expired" })
        assert.deepStrictEqual(store.asked, [[sessionId], [sessionId]])
      }).pipe(inFront, restarted(store))
    }).pipe(Effect.provide(sojourn)))

  it.effect("V1 how long it lives is told to the millisecond", () =>
    Effect.gen(function*() {
      const { token } = yield* logIn
      yield* TestClock.adjust("1 hour")
      const { expiresIn, idleIn, session } = yield* validateSession(token)
      const now = yield* DateTime.now
      assert.deepStrictEqual(expiresIn, DateTime.distance(now, session.expiresAt))
      assert.deepStrictEqual(
        idleIn,
        Option.map(
          session.idleTimeout,
          (idle) => DateTime.distance(now, DateTime.addDuration(session.lastActivityAt, idle))
        )
      )
    }).pipe(Effect.provide(sojourn)))

  it.effect("V7 a cache that gives what is over by its times is not believed", () =>
    Effect.gen(function*() {
      const { token } = yield* logIn
      const cache = yield* SessionCache
      const { session } = yield* validateSession(token)
      const lying = Effect.provideService(SessionCache, { ...cache, get: () => Effect.succeedSome(session) })
      yield* TestClock.adjust(Duration.days(30))
      const failed = yield* Effect.flip(validateSession(token).pipe(lying))
      assert.deepInclude({ ...failed }, { _tag: "SessionNotActive", reason: "expired" })
      assert.deepStrictEqual(yield* cache.index(userId, yield* DateTime.now), [])
    }).pipe(Effect.provide(sojourn)))
})
