/** Looking at sessions, over a store: Q1 to Q11. */
import { assert, type Vitest } from "@effect/vitest"
import {
  getSession,
  ListSessions,
  listSessions,
  routingTag,
  SessionCache,
  SessionCacheInProcess,
  toCached
} from "@sojourn/core"
import { DateTime, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { freshSessionId, freshUserId } from "../Fixtures.ts"
import { type CredentialStore, failure } from "./given.ts"
import { credentialOf } from "./givenCredential.ts"
import { givenLife, revoke, withSurroundings } from "./life.ts"
import { onTestClock } from "./login.ts"

/** With a cache of its own, empty as after a restart. */
const emptyCache = Effect.provide(Layer.fresh(SessionCacheInProcess.layer()), { local: true })

export const lifeReadCases = (it: Vitest.MethodsNonLive<CredentialStore>): void => {
  it.effect("Q1 Q2 the same from the cache and from the store, Q3 which then fills the cache", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { sessionId } = yield* logIn
      const { secretHash, session } = Option.getOrThrow(yield* Effect.orDie(credentialOf(sessionId)))
      const expected = toCached(session, secretHash, 0)
      assert.deepStrictEqual(yield* getSession(sessionId, userId), expected)
      yield* Effect.gen(function*() {
        const cache = yield* SessionCache
        const cached = Effect.flatMap(DateTime.now, (now) => cache.get(sessionId, routingTag(userId), now))
        assert.isTrue(Option.isNone(yield* cached))
        assert.deepStrictEqual(yield* getSession(sessionId, userId), expected)
        assert.deepStrictEqual(yield* cached, Option.some(expected))
      }).pipe(emptyCache)
    }).pipe(withSurroundings, onTestClock))

  it.effect("Q4 one that is over: SessionNotFound, and it is not cached; Q5 absent: the same", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { sessionId } = yield* logIn
      yield* revoke({ sessionId }, userId)
      yield* Effect.gen(function*() {
        const cache = yield* SessionCache
        for (const id of [sessionId, yield* freshSessionId]) {
          assert.deepStrictEqual(yield* failure(getSession(id, userId)), { _tag: "SessionNotFound", sessionId: id })
        }
        assert.deepStrictEqual(yield* cache.index(userId, yield* DateTime.now), [])
      }).pipe(emptyCache)
    }).pipe(withSurroundings, onTestClock))

  it.effect("Q4 expired: SessionNotFound, from the cache and from the store", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const { sessionId } = yield* logIn
      yield* TestClock.adjust("30 days")
      const gone = { _tag: "SessionNotFound", sessionId }
      assert.deepStrictEqual(yield* failure(getSession(sessionId, userId)), gone)
      assert.deepStrictEqual(yield* failure(getSession(sessionId, userId)).pipe(emptyCache), gone)
    }).pipe(withSurroundings, onTestClock))

  it.effect("Q6 somebody else's: NotSessionOwner inside, cached or not; it is not theirs afterwards either", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const other = yield* freshUserId
      const { sessionId } = yield* logIn
      const foreign = failure(getSession(sessionId, other))
      const refused = { _tag: "NotSessionOwner", sessionId, userId: other }
      assert.deepStrictEqual(yield* foreign, refused)
      assert.deepStrictEqual(yield* foreign.pipe(emptyCache), refused)
      assert.strictEqual((yield* getSession(sessionId, userId)).userId, userId)
    }).pipe(withSurroundings, onTestClock))

  it.effect("Q7 Q8 Q9 Q11 lists count, mark the current one and only it, and show the newest first", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const logins = yield* Effect.replicateEffect(Effect.tap(logIn, () => TestClock.adjust("1 minute")), 3)
      const [a, b, c] = logins.map(({ sessionId }) => sessionId)
      yield* revoke({ sessionId: b! }, userId)
      const listed = Effect.fnUntraced(function*(fields: Partial<Parameters<typeof ListSessions.make>[0]>) {
        const { active, sessions, total } = yield* listSessions(ListSessions.make({ userId, ...fields }))
        return {
          active,
          total,
          sessions: sessions.map((each) => [each.session.id, each.active, each.current] as const)
        }
      })
      assert.deepStrictEqual(yield* listed({ all: true, current: Option.some(a!) }), {
        active: 2,
        total: 3,
        sessions: [[c!, true, false], [b!, false, false], [a!, true, true]]
      })
      assert.deepStrictEqual(yield* listed({ current: Option.some(c!) }), {
        active: 2,
        total: 3,
        sessions: [[c!, true, true], [a!, true, false]]
      })
      const stranger = (yield* listed({ all: true, current: Option.some(yield* freshSessionId) })).sessions
      assert.isTrue(stranger.every(([, , current]) => !current))
    }).pipe(withSurroundings, onTestClock))

  it.effect("Q11 pages over sessions that end meanwhile show each of the others once", () =>
    Effect.gen(function*() {
      const { logIn, userId } = yield* givenLife()
      const ids = (yield* Effect.replicateEffect(logIn, 7)).map(({ sessionId }) => sessionId)
      const page = (before: Parameters<typeof ListSessions.make>[0]["before"]) =>
        listSessions(ListSessions.make({ userId, limit: 3, ...(before === undefined ? {} : { before }) }))
      const one = yield* page(undefined)
      yield* revoke({ sessionId: one.sessions[2]!.session.id }, userId)
      const two = yield* page(one.next)
      const three = yield* page(two.next)
      assert.deepStrictEqual([one, two, three].map(({ sessions }) => sessions.length), [3, 3, 1])
      assert.sameMembers([one, two, three].flatMap(({ sessions }) => sessions.map(({ session }) => session.id)), ids)
      assert.deepStrictEqual(three.next, Option.none())
      const full = yield* listSessions(ListSessions.make({ userId, limit: 6 }))
      assert.deepStrictEqual([full.sessions.length, full.next], [6, Option.none()])
    }).pipe(withSurroundings, onTestClock))
}
