/** Ending all of a user's sessions at once: P7, P8, A1 to A6 at the store. */
import { assert, type Vitest } from "@effect/vitest"
import {
  endedEventId,
  SessionEnd,
  type SessionId,
  SessionRepo,
  SessionRevoked,
  SessionsRevoked,
  system,
  type UserId
} from "@sojourn/core"
import { type DateTime, Effect, Option } from "effect"
import { after, freshSessionId, now } from "../Fixtures.ts"
import {
  allOf,
  eventsOf,
  expired,
  failure,
  givenUser,
  justOver,
  live,
  passwordChanged,
  sessionsOf,
  type Store
} from "./given.ts"

const endAll = (userId: UserId, except: Option.Option<SessionId> = Option.none()) =>
  SessionRepo.use((repo) => repo.endAll(userId, except, passwordChanged))

export const endAllCases = (it: Vitest.MethodsNonLive<Store>): void => {
  it.effect("P7 A1 A3 ends all of 3, each with the reason, with an event each and one for all", () =>
    Effect.gen(function*() {
      const { ids, sessions, userId } = yield* givenUser("unlimited", [live(3), live(2), live(1)])
      const { ended, events } = yield* endAll(userId)
      const told = events.flatMap((event) => "sessionId" in event ? [event.sessionId] : [])
      assert.sameMembers([...ended], ids)
      assert.sameMembers(told, ids)
      assert.deepStrictEqual(
        yield* sessionsOf(userId),
        sessions.map((session) => session.ended(passwordChanged)).toReversed()
      )
      assert.deepStrictEqual(
        events,
        [
          ...told.map((sessionId) =>
            SessionRevoked.make({
              eventId: endedEventId(sessionId),
              at: now,
              userId,
              actor: passwordChanged.actor,
              sessionId,
              reason: "password_changed",
              device: sessions.find(({ id }) => id === sessionId)!.device
            })
          ),
          SessionsRevoked.make({
            eventId: events[3]!.eventId,
            at: now,
            userId,
            actor: passwordChanged.actor,
            reason: "password_changed",
            count: 3
          })
        ]
      )
      assert.deepStrictEqual((yield* eventsOf(userId, 7)).slice(3), events)
      assert.strictEqual(new Set(events.map(({ eventId }) => eventId)).size, 4)
    }))

  it.effect("P8 A4 ends 2 but for the one, which is untouched", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { ids: [a, b, c], sessions, userId } = yield* givenUser("unlimited", [live(3), live(2), live(1)])
      const { ended, events } = yield* endAll(userId, Option.some(b!))
      assert.sameMembers([...ended], [a!, c!])
      assert.deepStrictEqual(yield* repo.find(b!), Option.some(sessions[1]!))
      const all = events.at(-1)!
      assert.isTrue(all._tag === "SessionsRevoked" && all.count === 2 && Option.contains(all.exceptSessionId, b!))
    }))

  it.effect("A6 none active: nothing ends, no event, and the first end stays", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { ids: [a, b, c], userId } = yield* givenUser("unlimited", [live(2), expired, justOver])
      yield* endAll(userId)
      const before = yield* allOf(userId, 5)
      const again = yield* repo.endAll(
        userId,
        Option.none(),
        SessionEnd.make({ ...passwordChanged, at: after("1 hour"), reason: "logout" })
      )
      assert.deepStrictEqual(again, { ended: [], endedBefore: [], events: [] })
      assert.deepStrictEqual(yield* allOf(userId, 5), before)
      assert.deepStrictEqual(
        Option.map(yield* repo.find(a!), (session) => session.end),
        Option.some(Option.some(passwordChanged))
      )
      for (const id of [b!, c!]) {
        assert.deepStrictEqual(Option.map(yield* repo.find(id), (session) => session.end), Option.some(Option.none()))
      }
    }))

  it.effect("A5 the one to keep must be an active one of the user's, else nothing ends", () =>
    Effect.gen(function*() {
      const { ids: [, gone, over, justGone], userId } = yield* givenUser("unlimited", [
        live(2),
        expired,
        live(1),
        justOver
      ])
      const other = yield* givenUser("unlimited", [live(1)])
      yield* SessionRepo.use((repo) => repo.end(over!, passwordChanged, { owner: Option.none(), reuse: Option.none() }))
      const before = yield* allOf(userId, 5)
      for (const sessionId of [gone!, justGone!, over!, other.ids[0]!, yield* freshSessionId]) {
        assert.deepStrictEqual(
          yield* failure(endAll(userId, Option.some(sessionId))),
          { _tag: "KeptSessionNotActive", userId, sessionId }
        )
      }
      assert.deepStrictEqual(yield* allOf(userId, 5), before)
      assert.isTrue((yield* sessionsOf(other.userId))[0]!.isActive(now))
    }))

  it.effect("A2 those that others ended shortly before are told of, too, for their news may still be on its way", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { ids: [a, b, c], userId } = yield* givenUser("unlimited", [live(3), live(2), live(1)])
      const end = (id: SessionId | undefined, at: DateTime.Utc) =>
        repo.end(id!, SessionEnd.make({ at, reason: "logout", actor: system }), {
          owner: Option.none(),
          reuse: Option.none()
        })
      yield* end(a, after("-6 minutes"))
      yield* end(b, after("-4 minutes"))
      const { ended, endedBefore } = yield* endAll(userId)
      assert.deepStrictEqual({ ended, endedBefore }, { ended: [c], endedBefore: [b] })
    }))

  it.effect("A4 A6 when the one to keep is the only one: none ends, no event", () =>
    Effect.gen(function*() {
      const { ids: [a], userId } = yield* givenUser("unlimited", [live(1)])
      assert.deepStrictEqual(yield* endAll(userId, Option.some(a!)), { ended: [], endedBefore: [], events: [] })
      assert.strictEqual((yield* eventsOf(userId, 1)).length, 1)
    }))
}
