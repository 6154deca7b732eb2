/** What the handlers that end sessions tell of it, and as whose doing. */
import { assert, describe, it } from "@effect/vitest"
import {
  byAdministrator,
  eraseUser,
  RecordSuspiciousActivity,
  recordSuspiciousActivity,
  RevokeAllSessions,
  revokeAllSessions,
  RevokeSession,
  revokeSession,
  rotateSession,
  SessionNotFound,
  SessionRepo,
  sessionsEnded,
  system,
  validateSession
} from "@sojourn/core"
import { SessionCacheTest } from "@sojourn/testing"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { logIn, sojourn, userId } from "./alice.ts"
import { recorded } from "./recorded.ts"

const revokeAll = revokeAllSessions(RevokeAllSessions.make({ userId, actor: system }))

describe.each([
  { name: "revokeAllSessions", endAll: revokeAll },
  { name: "eraseUser", endAll: eraseUser(userId, system) }
])("$name", ({ endAll }) => {
  it.effect("A2 fences, too, what ended shortly before: the cache may have missed it", () =>
    Effect.gen(function*() {
      const [first, second] = [yield* logIn, yield* logIn]
      yield* revokeSession(RevokeSession.make({ sessionId: first.sessionId, actor: system })).pipe(
        Effect.provide(SessionCacheTest.failing)
      )
      const { layer, writes } = SessionCacheTest.recording()
      yield* endAll.pipe(Effect.provide(layer))
      assert.deepStrictEqual(writes, [{ operation: "fence", userId, fenced: [second.sessionId, first.sessionId] }])
    }).pipe(Effect.provide(sojourn)))

  it.effect("A3 each session that ended is counted once; the event for all of them is not", () =>
    Effect.gen(function*() {
      yield* Effect.replicateEffect(logIn, 3)
      const { counted } = yield* recorded(endAll)
      assert.strictEqual(counted(sessionsEnded), 3)
    }).pipe(Effect.provide(sojourn)))
})

it.effect("E25 whoever noticed it, the system ends the session", () =>
  Effect.gen(function*() {
    const { sessionId } = yield* logIn
    const actor = byAdministrator("ada")
    yield* recordSuspiciousActivity(RecordSuspiciousActivity.make({ sessionId, actor, endAt: Option.some(1) }))
    const ended = yield* SessionRepo.use((repo) => repo.find(sessionId))
    assert.deepStrictEqual(Option.getOrThrow(Option.getOrThrow(ended).end).actor, system)
  }).pipe(Effect.provide(sojourn)))

it.effect("a stolen token of a session that was deleted meanwhile is over, not unknown", () =>
  Effect.gen(function*() {
    const repo = yield* SessionRepo
    const { sessionId, token } = yield* logIn
    yield* rotateSession(token)
    yield* TestClock.adjust("30 seconds")
    const failed = yield* Effect.flip(validateSession(token)).pipe(
      Effect.provideService(SessionRepo, { ...repo, end: () => Effect.fail(new SessionNotFound({ sessionId })) })
    )
    assert.deepInclude({ ...failed }, { _tag: "SessionNotActive", sessionId, reason: "rotation_reuse" })
  }).pipe(Effect.provide(sojourn)))
