/** Whom a login ends, and that it does so in one commit: the C lines as far as the store decides. */
import { assert, type Vitest } from "@effect/vitest"
import {
  byUser,
  createdEventId,
  endedEventId,
  SessionCreated,
  SessionEnd,
  SessionEvicted,
  SessionExpired,
  SessionRepo,
  SessionRules,
  system
} from "@sojourn/core"
import { Duration, Effect, Option } from "effect"
import { after, candidate, freshSessionId, freshUserId, now } from "../Fixtures.ts"
import {
  admit,
  allOf,
  byDefault,
  countOf,
  eventsOf,
  expired,
  failure,
  givenUser,
  idle,
  live,
  setLimit,
  type Store
} from "./given.ts"

const eviction = SessionEnd.make({ at: now, reason: "session_limit_exceeded", actor: system })

export const admitCases = (it: Vitest.MethodsNonLive<Store>): void => {
  it.effect("C7 an unknown user is refused and nothing is written", () =>
    Effect.gen(function*() {
      const userId = yield* freshUserId
      assert.deepStrictEqual(yield* failure(admit({ userId })), { _tag: "UserNotFound", userId })
      assert.deepStrictEqual(yield* allOf(userId), { sessions: [], events: [] })
      assert.deepStrictEqual(yield* countOf(userId), { total: 0, active: 0 })
    }))

  it.effect("C8 at 3 of 3 the oldest ends, with reason, time and actor", () =>
    Effect.gen(function*() {
      const { sessions: [oldest, ...others], userId } = yield* givenUser(3, [live(3), live(2), live(1)])
      const { bornEnded, evicted, session } = yield* admit({ userId })
      assert.isFalse(bornEnded)
      assert.deepStrictEqual(evicted, [oldest!.id])
      assert.deepStrictEqual((yield* allOf(userId, 5)).sessions, [
        session,
        ...others.toReversed(),
        oldest!.ended(eviction)
      ])
      assert.deepStrictEqual(yield* countOf(userId), { total: 4, active: 3 })
    }))

  it.effect("C9 below the limit nothing is evicted", () =>
    Effect.gen(function*() {
      const { sessions, userId } = yield* givenUser(3, [live(2), live(1)])
      const { evicted, session } = yield* admit({ userId })
      assert.deepStrictEqual(evicted, [])
      assert.deepStrictEqual((yield* allOf(userId, 3)).sessions, [session, ...sessions.toReversed()])
    }))

  it.effect("C10 without a limit nothing is evicted, under any policy", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenUser("unlimited", [live(3), live(2), live(1)])
      for (const atLimit of ["evict-oldest", "evict-least-recently-used", "reject"] as const) {
        const rules = SessionRules.make({ atLimit, protectTrusted: true })
        assert.deepStrictEqual((yield* admit({ userId }, rules)).evicted, [])
      }
      assert.deepStrictEqual(yield* countOf(userId), { total: 6, active: 6 })
    }))

  it.effect("C11 C12 at the limit the events are SessionEvicted, then SessionCreated", () =>
    Effect.gen(function*() {
      const { sessions: [oldest], userId } = yield* givenUser(1, [live(1)])
      const { events, session } = yield* admit({ userId })
      const expected = [
        SessionEvicted.make({
          eventId: endedEventId(oldest!.id),
          at: now,
          userId,
          actor: system,
          sessionId: oldest!.id,
          reason: "session_limit_exceeded",
          device: oldest!.device,
          evictedBy: Option.some(session.id)
        }),
        SessionCreated.make({
          eventId: createdEventId(session.id),
          at: now,
          userId,
          actor: byUser(userId, session.ipAddress),
          sessionId: session.id,
          device: session.device,
          ipAddress: session.ipAddress,
          location: session.location,
          expiresAt: session.expiresAt
        })
      ]
      assert.deepStrictEqual(events, expected)
      assert.deepStrictEqual((yield* eventsOf(userId, 3)).slice(1), expected)
    }))

  it.effect("C15 P9 8 active and a limit of 2: the next login leaves 2, evicting 7, oldest first, in whatever order they came", () =>
    Effect.gen(function*() {
      const hours = [3, 8, 1, 6, 2, 7, 5, 4]
      const { ids, userId } = yield* givenUser(2, hours.map(live))
      const other = yield* givenUser("unlimited", [live(9)])
      const { evicted, events } = yield* admit({ userId })
      assert.deepStrictEqual(evicted, [8, 7, 6, 5, 4, 3, 2].map((hour) => ids[hours.indexOf(hour)]!))
      assert.deepStrictEqual(
        events.map((event) => "sessionId" in event && event._tag === "SessionEvicted" ? event.sessionId : event._tag),
        [...evicted, "SessionCreated"]
      )
      assert.deepStrictEqual(yield* countOf(userId), { total: 9, active: 2 })
      assert.deepStrictEqual(yield* countOf(other.userId, now), { total: 1, active: 1 })
    }))

  it.effect("C8 of the oldest the one with the lower id goes", () =>
    Effect.gen(function*() {
      const low = yield* freshSessionId
      const high = yield* freshSessionId
      const { userId } = yield* givenUser(2, [{ ...live(1), id: high }, { ...live(1), id: low }])
      assert.deepStrictEqual((yield* admit({ userId })).evicted, [low])
    }))

  it.effect("C8 C20 P10 what is over neither counts nor gets evicted: it ends with its own reason and event, or stays ended", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { userId } = yield* givenUser("unlimited", [live(9)])
      yield* repo.endAll(
        userId,
        Option.none(),
        SessionEnd.make({ at: after("-8 hours"), reason: "logout", actor: system })
      )
      const idled = yield* admit({ userId, createdAt: after("-1 day"), idleTimeout: Option.some(Duration.days(1)) })
      const gone = yield* admit({ userId, createdAt: after("-40 days"), expiresAt: after("-1 hour") })
      yield* admit({ userId, ...live(1) })
      yield* setLimit(userId, 2)
      const before = yield* allOf(userId, 6)
      const admission = yield* admit({ userId })
      const over = [
        { ...gone, end: SessionEnd.make({ at: after("-1 hour"), reason: "expired", actor: system }) },
        { ...idled, end: SessionEnd.make({ at: now, reason: "idle", actor: system }) }
      ]
      assert.deepStrictEqual(admission.evicted, [])
      assert.deepStrictEqual(admission.expired, over.map(({ session }) => session.id))
      assert.deepStrictEqual(admission.events, [
        ...over.map(({ end: { at, reason }, session }) =>
          SessionExpired.make({
            eventId: endedEventId(session.id),
            at,
            userId,
            actor: system,
            sessionId: session.id,
            reason: reason === "idle" ? reason : "expired",
            device: session.device
          })
        ),
        admission.events[2]!
      ])
      const ends = new Map(over.map(({ end, session }) => [session.id, end]))
      assert.deepStrictEqual(yield* allOf(userId, 9), {
        sessions: [
          admission.session,
          ...before.sessions.map((session) => {
            const end = ends.get(session.id)
            return end === undefined ? session : session.ended(end)
          })
        ],
        events: [...before.events, ...admission.events]
      })
      assert.deepStrictEqual(yield* countOf(userId), { total: 5, active: 2 })
      assert.deepStrictEqual((yield* admit({ userId })).expired, [], "nothing ends twice")
    }))

  it.effect("C10 without a limit a login leaves what is over to the sweeper", () =>
    Effect.gen(function*() {
      const { sessions, userId } = yield* givenUser("unlimited", [expired, idle])
      const { events, session } = yield* admit({ userId })
      assert.deepStrictEqual(events.map(({ _tag }) => _tag), ["SessionCreated"])
      assert.sameDeepMembers((yield* allOf(userId, 3)).sessions.slice(), [session, ...sessions])
    }))

  it.effect("C17 C20 a login that is refused has ended what was over, and nothing else", () =>
    Effect.gen(function*() {
      const { sessions: [one, gone], userId } = yield* givenUser(1, [live(1), expired])
      const before = yield* allOf(userId, 2)
      yield* failure(admit({ userId }, SessionRules.make({ atLimit: "reject" })))
      const after = yield* allOf(userId, 3)
      assert.deepStrictEqual(after.events.slice(0, 2), before.events)
      assert.deepStrictEqual(after.events.slice(2).map(({ _tag }) => _tag), ["SessionExpired"])
      const end = SessionEnd.make({ at: gone!.expiresAt, reason: "expired", actor: system })
      assert.deepStrictEqual(after.sessions, [one!, gone!.ended(end)])
    }))

  it.effect("C21 a login that cannot be written, its id being taken, ends nobody", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { ids: [, own], userId } = yield* givenUser(2, [live(2), live(1)])
      const { ids: [foreign] } = yield* givenUser(1, [live(1)])
      const before = yield* allOf(userId, 2)
      for (const id of [own!, foreign!]) {
        const error = yield* Effect.flip(repo.admit(yield* candidate({ userId, id }), byDefault))
        assert.strictEqual(error._tag, "SessionRepoError")
      }
      assert.deepStrictEqual(yield* allOf(userId), before)
    }))
}
