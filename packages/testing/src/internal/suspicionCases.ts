/** Trusting devices and counting suspicious activities, at the store: E24 to E27. */
import { assert, type Vitest } from "@effect/vitest"
import {
  byUser,
  CredentialRepo,
  parseIpAddress,
  Session,
  type SessionId,
  SessionRepo,
  SessionTrusted,
  SuspiciousActivityRecorded,
  type UserId
} from "@sojourn/core"
import { Array, Effect, Option } from "effect"
import { addresses, freshSessionId, freshUserId, now } from "../Fixtures.ts"
import { ada, allOf, type CredentialStore, eventsOf, expired, justOver, passwordChanged } from "./given.ts"
import { freshEventId, givenSession, storedSession } from "./givenCredential.ts"

const atHome = (userId: UserId) => byUser(userId, parseIpAddress(addresses.documentation))
const trust = (id: SessionId, userId: UserId) =>
  CredentialRepo.use((repo) => repo.trust(id, userId, atHome(userId), now))
const suspect = Effect.fnUntraced(function*(id: SessionId) {
  const repo = yield* CredentialRepo
  return yield* repo.recordSuspicion(id, yield* freshEventId, ada, now)
})

/** Sessions that are over. */
const givenOver = Effect.gen(function*() {
  const repo = yield* SessionRepo
  const ended = yield* givenSession()
  yield* repo.endAll(ended.userId, Option.none(), passwordChanged)
  return [ended, yield* givenSession(expired), yield* givenSession(justOver)]
})

export const suspicionCases = (it: Vitest.MethodsNonLive<CredentialStore>): void => {
  it.effect("E26 trusting marks the session and nothing else, with one event", () =>
    Effect.gen(function*() {
      const { id, session, userId } = yield* givenSession()
      const events = Option.getOrThrow(yield* trust(id, userId))
      const actor = atHome(userId)
      assert.deepStrictEqual(
        events,
        [SessionTrusted.make({ eventId: events[0]!.eventId, at: now, userId, actor, sessionId: id })]
      )
      assert.deepStrictEqual(yield* storedSession(id), session.trust())
      assert.deepStrictEqual((yield* eventsOf(userId, 2)).slice(1), events)
    }))

  it.effect("E27 trusting again, and 20 at once, changes nothing more and tells nobody", () =>
    Effect.gen(function*() {
      const { id, userId } = yield* givenSession()
      const marked = yield* Effect.replicateEffect(trust(id, userId), 20, { concurrency: "unbounded" })
      assert.strictEqual(marked.filter(Option.isSome).length, 20)
      assert.strictEqual(marked.flatMap(Option.toArray).flat().length, 1)
      assert.deepStrictEqual(yield* trust(id, userId), Option.some([]))
      assert.strictEqual((yield* eventsOf(userId, 2)).length, 2)
    }))

  it.effect("E26 somebody else's, an unknown one and one that is over cannot be trusted", () =>
    Effect.gen(function*() {
      const { id, userId } = yield* givenSession()
      const other = yield* freshUserId
      const over = yield* givenOver
      const before = yield* allOf(userId, 1)
      assert.deepStrictEqual(yield* trust(id, other), Option.none())
      assert.deepStrictEqual(yield* trust(yield* freshSessionId, userId), Option.none())
      assert.deepStrictEqual(yield* allOf(userId, 1), before)
      for (const session of over) {
        assert.deepStrictEqual(yield* trust(session.id, session.userId), Option.none())
        assert.isFalse((yield* storedSession(session.id)).trusted)
      }
    }))

  it.effect("E24 a suspicious activity is counted, with an event that says how many there are", () =>
    Effect.gen(function*() {
      const { id, session, userId } = yield* givenSession()
      const recorded = Option.getOrThrow(yield* suspect(id))
      const [event] = recorded.events
      assert.deepStrictEqual(recorded, {
        userId,
        count: 1,
        events: [SuspiciousActivityRecorded.make({
          eventId: event!.eventId,
          at: now,
          userId,
          actor: ada,
          sessionId: id,
          count: 1
        })]
      })
      assert.deepStrictEqual(yield* storedSession(id), session.suspected())
      assert.deepStrictEqual((yield* eventsOf(userId, 2)).slice(1), recorded.events)
    }))

  it.effect("E25 100 at once count exactly 100: each count once, in its own event", () =>
    Effect.gen(function*() {
      const { id, session, userId } = yield* givenSession()
      const recorded = yield* Effect.replicateEffect(suspect(id), 100, { concurrency: "unbounded" })
      const counts = recorded.flatMap(Option.toArray).map(({ count }) => count)
      assert.sameMembers(counts, Array.range(1, 100))
      assert.deepStrictEqual(yield* storedSession(id), Session.make({ ...session, suspiciousActivityCount: 100 }))
      const told = (yield* eventsOf(userId, 101)).flatMap((event) =>
        event._tag === "SuspiciousActivityRecorded" ? [event.count] : []
      )
      assert.deepStrictEqual(told, Array.range(1, 100), "in the order of the log")
    }), 30_000)

  it.effect("E24 an unknown session and one that is over are not counted", () =>
    Effect.gen(function*() {
      const over = yield* givenOver
      assert.deepStrictEqual(yield* suspect(yield* freshSessionId), Option.none())
      for (const { id, userId } of over) {
        const before = yield* allOf(userId, 1)
        assert.deepStrictEqual(yield* suspect(id), Option.none())
        assert.deepStrictEqual(yield* allOf(userId, 1), before)
      }
    }))
}
