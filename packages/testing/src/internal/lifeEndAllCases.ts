/** Revoking all of a user's sessions, over a store: A1 to A6. */
import { assert, type Vitest } from "@effect/vitest"
import { routingTag, SessionCache, type SessionEvent, type SessionId, type UserId } from "@sojourn/core"
import { Effect, Option } from "effect"
import * as EventBusTest from "../EventBusTest.ts"
import { freshSessionId, now } from "../Fixtures.ts"
import { type CredentialStore, eventsOf, failure } from "./given.ts"
import { givenLife, revoke, verdict, withSurroundings } from "./life.ts"
import { onTestClock } from "./login.ts"

const cachedOf = (userId: UserId, sessionId: SessionId) =>
  SessionCache.use((cache) => cache.get(sessionId, routingTag(userId), now))
const indexOf = (userId: UserId) => SessionCache.use((cache) => cache.index(userId, now))
const tags = (events: ReadonlyArray<SessionEvent>) => events.map(({ _tag }) => _tag)

export const lifeEndAllCases = (it: Vitest.MethodsNonLive<CredentialStore>): void => {
  it.effect("A1 A2 A3 revoking all gives the ids, empties the user's cache, tells each and all", () =>
    Effect.gen(function*() {
      const bus = EventBusTest.recording()
      const { logIn, revokeAll, userId } = yield* givenLife()
      const logins = yield* Effect.replicateEffect(logIn, 3)
      const ended = yield* revokeAll({ reason: "password_changed" }).pipe(Effect.provide(bus.layer))
      assert.sameMembers([...ended], logins.map(({ sessionId }) => sessionId))
      assert.deepStrictEqual(yield* indexOf(userId), [])
      for (const { sessionId, token } of logins) {
        assert.isTrue(Option.isNone(yield* cachedOf(userId, sessionId)))
        assert.strictEqual(yield* verdict(token), "SessionNotActive password_changed")
      }
      const told = bus.published.flat()
      assert.deepStrictEqual(tags(told), ["SessionRevoked", "SessionRevoked", "SessionRevoked", "SessionsRevoked"])
      const all = told[3]!
      assert.isTrue(all._tag === "SessionsRevoked" && all.count === 3)
    }).pipe(withSurroundings, onTestClock))

  it.effect("A4 the excepted one stays active and cached; A5 one that is not the user's own and active ends nothing", () =>
    Effect.gen(function*() {
      const { logIn, revokeAll, userId } = yield* givenLife()
      const stranger = yield* Effect.flatMap(givenLife(), (other) => other.logIn)
      const [first, second, third] = yield* Effect.replicateEffect(logIn, 3)
      yield* revoke({ sessionId: third!.sessionId }, userId)
      for (const except of [stranger.sessionId, third!.sessionId, yield* freshSessionId]) {
        assert.deepStrictEqual(
          yield* failure(revokeAll({ except: Option.some(except) })),
          { _tag: "KeptSessionNotActive", userId, sessionId: except }
        )
      }
      assert.strictEqual(yield* verdict(first!.token), "valid")
      assert.deepStrictEqual(yield* revokeAll({ except: Option.some(second!.sessionId) }), [first!.sessionId])
      assert.strictEqual(yield* verdict(second!.token), "valid")
      assert.deepStrictEqual(yield* indexOf(userId), [second!.sessionId])
      assert.strictEqual(yield* verdict(stranger.token), "valid")
    }).pipe(withSurroundings, onTestClock))

  it.effect("A6 none: success, and nobody is told", () =>
    Effect.gen(function*() {
      const bus = EventBusTest.recording()
      const { revokeAll, userId } = yield* givenLife()
      assert.deepStrictEqual(yield* revokeAll().pipe(Effect.provide(bus.layer)), [])
      assert.deepStrictEqual([bus.published.flat(), yield* eventsOf(userId, 0)], [[], []])
    }).pipe(withSurroundings, onTestClock))
}
