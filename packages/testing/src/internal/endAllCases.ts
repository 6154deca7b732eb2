/** Ending all of a user's sessions at once: P7, P8. */
import { assert, type Vitest } from "@effect/vitest"
import { SessionEnd, type SessionId, SessionRepo, SessionRevoked, SessionsRevoked, type UserId } from "@sojourn/core"
import { Effect, Option } from "effect"
import { after, now } from "../Fixtures.ts"
import { allOf, eventsOf, expired, givenUser, live, passwordChanged, sessionsOf, type Store } from "./given.ts"

const endAll = (userId: UserId, except: Option.Option<SessionId> = Option.none()) =>
  SessionRepo.use((repo) => repo.endAll(userId, except, passwordChanged))

export const endAllCases = (it: Vitest.MethodsNonLive<Store>): void => {
  it.effect("P7 ends all of 3, each with the reason, with an event each and one for all", () =>
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
          ...told.map((sessionId, at) =>
            SessionRevoked.make({
              eventId: events[at]!.eventId,
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

  it.effect("P8 ends 2 but for the one, which is untouched", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { ids: [a, b, c], sessions, userId } = yield* givenUser("unlimited", [live(3), live(2), live(1)])
      const { ended, events } = yield* endAll(userId, Option.some(b!))
      assert.sameMembers([...ended], [a!, c!])
      assert.deepStrictEqual(yield* repo.find(b!), Option.some(sessions[1]!))
      const all = events.at(-1)!
      assert.isTrue(all._tag === "SessionsRevoked" && all.count === 2 && Option.contains(all.exceptSessionId, b!))
    }))

  it.effect("P8 none active: nothing ends, no event, and the first end stays", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { ids: [a, b], userId } = yield* givenUser("unlimited", [live(2), expired])
      yield* endAll(userId)
      const before = yield* allOf(userId, 4)
      const again = yield* repo.endAll(
        userId,
        Option.none(),
        SessionEnd.make({ ...passwordChanged, at: after("1 hour"), reason: "logout" })
      )
      assert.deepStrictEqual(again, { ended: [], events: [] })
      assert.deepStrictEqual(yield* allOf(userId, 4), before)
      assert.deepStrictEqual(
        Option.map(yield* repo.find(a!), (session) => session.end),
        Option.some(Option.some(passwordChanged))
      )
      assert.deepStrictEqual(Option.map(yield* repo.find(b!), (session) => session.end), Option.some(Option.none()))
    }))
}
