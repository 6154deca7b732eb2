/** What is stored is found again, listed, counted and ended at once: the P lines. */
import { assert, type Vitest } from "@effect/vitest"
import { byUser, parseIpAddress, Session, SessionEnd, SessionRepo, UserId } from "@sojourn/core"
import { DateTime, Duration, Effect, Option } from "effect"
import { after, candidate, freshSessionId, freshUserId, now } from "../Fixtures.ts"
import { newSession, session } from "../Generators.ts"
import { SessionSeed } from "../SessionSeed.ts"
import {
  activeOf,
  admit,
  allOf,
  byDefault,
  countOf,
  eventsOf,
  expired,
  givenUser,
  idle,
  live,
  passwordChanged,
  type SeededStore,
  sessionsOf,
  setLimit
} from "./given.ts"

const idsOf = (sessions: ReadonlyArray<Session>) => sessions.map(({ id }) => id)
const endAll = (userId: UserId) => SessionRepo.use((repo) => repo.endAll(userId, Option.none(), passwordChanged))

export const sessionStoreCases = (it: Vitest.MethodsNonLive<SeededStore>): void => {
  it.effect.prop(
    "P1 what is admitted is found again, all fields equal",
    { generated: newSession },
    ({ generated }) =>
      Effect.gen(function*() {
        const repo = yield* SessionRepo
        const { userId } = yield* givenUser("unlimited")
        const asking = yield* candidate({ ...generated, id: yield* freshSessionId, userId })
        const admission = yield* repo.admit(asking, byDefault)
        assert.deepStrictEqual(admission.evicted, [])
        assert.deepStrictEqual(yield* repo.find(asking.session.id), Option.some(asking.session))
        assert.deepStrictEqual(yield* sessionsOf(userId), [asking.session])
        assert.deepStrictEqual(yield* eventsOf(userId, 1), admission.events)
      }),
    { arbitrary: { runs: 40 }, timeout: 30_000 }
  )

  it.effect.prop(
    "P1 a session in any state is read as it is",
    { generated: session },
    ({ generated }) =>
      Effect.gen(function*() {
        const repo = yield* SessionRepo
        const { userId } = yield* givenUser("unlimited")
        const admitted = yield* admit({ userId })
        const changed = Session.make({ ...generated, id: admitted.session.id, userId })
        yield* SessionSeed.use((sessions) => sessions.put(changed))
        assert.deepStrictEqual(yield* repo.find(changed.id), Option.some(changed))
        assert.deepStrictEqual(yield* sessionsOf(userId), [changed])
      }),
    { arbitrary: { runs: 40 }, timeout: 30_000 }
  )

  it.effect("P1 a session begins untouched, whatever it says of itself", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenUser("unlimited")
      const { session } = yield* admit({
        userId,
        lastActivityAt: after("1 hour"),
        lastIpAddress: Option.none(),
        trusted: true,
        suspiciousActivityCount: 3,
        end: Option.some(passwordChanged)
      })
      const begun = Session.make({
        ...session,
        lastActivityAt: now,
        lastIpAddress: session.ipAddress,
        trusted: false,
        suspiciousActivityCount: 0,
        end: Option.none()
      })
      assert.deepStrictEqual(yield* sessionsOf(userId), [begun])
    }))

  it.effect("P1 user ids of any form are kept apart", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenUser("unlimited")
      const others = ["é", "e\u0301", " ", "%", "_", "'", "\\", "😀"].map((suffix) => UserId.make(`${userId}${suffix}`))
      yield* Effect.forEach(others, (other) =>
        setLimit(other, "unlimited").pipe(Effect.andThen(admit({ userId: other }))))
      assert.deepStrictEqual(yield* sessionsOf(userId), [])
      for (const other of others) {
        assert.deepStrictEqual(yield* countOf(other), { total: 1, active: 1 })
      }
    }))

  it.effect("P3 all of a user's sessions, and only theirs, newest first", () =>
    Effect.gen(function*() {
      const { ids: [b, c, a], userId } = yield* givenUser("unlimited", [live(2), live(1), live(3)])
      yield* givenUser("unlimited", [live(1)])
      assert.deepStrictEqual(idsOf(yield* sessionsOf(userId)), [c, b, a])
    }))

  it.effect("P4 active only leaves out ended, expired and idle ones", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenUser("unlimited", [live(5), expired, idle])
      yield* endAll(userId)
      const one = yield* admit({ userId, ...live(1) })
      assert.deepStrictEqual(idsOf(yield* activeOf(userId)), [one.session.id])
      assert.strictEqual((yield* sessionsOf(userId)).length, 4)
    }))

  it.effect("P4 active is half-open: over at the very instant", () =>
    Effect.gen(function*() {
      const { ids: [, expiring, , idling], userId } = yield* givenUser("unlimited", [
        { createdAt: after("-1 day"), expiresAt: now },
        { createdAt: after("-1 day"), expiresAt: after("1 millis") },
        { createdAt: after("-1 day"), idleTimeout: Option.some(Duration.days(1)) },
        { createdAt: DateTime.add(after("-1 day"), { milliseconds: 1 }), idleTimeout: Option.some(Duration.days(1)) }
      ])
      assert.sameMembers(idsOf(yield* activeOf(userId)), [expiring!, idling!])
      assert.deepStrictEqual(yield* countOf(userId), { total: 4, active: 2 })
    }))

  it.effect("P5 an unknown user has nothing", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const userId = yield* freshUserId
      assert.deepStrictEqual(yield* allOf(userId), { sessions: [], events: [] })
      assert.deepStrictEqual(yield* countOf(userId), { total: 0, active: 0 })
      assert.deepStrictEqual(yield* endAll(userId), { ended: [], endedBefore: [], events: [] })
      assert.deepStrictEqual(yield* repo.find(yield* freshSessionId), Option.none())
    }))

  it.effect("P6 counts 2 live of 2 live, 1 revoked, 1 expired", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenUser("unlimited", [live(5)])
      yield* endAll(userId)
      yield* Effect.forEach([live(2), live(1), expired], (fields) => admit({ userId, ...fields }))
      assert.deepStrictEqual(yield* countOf(userId), { total: 4, active: 2 })
    }))

  it.effect("Q11 pages go on after the last one seen, also between sessions of the same time", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { userId } = yield* givenUser("unlimited", [live(3), live(2), live(2), live(2), live(1)])
      const whole = yield* sessionsOf(userId)
      const pages = yield* Effect.forEach(
        [0, 1, 2, 3, 4, 5],
        (seen) =>
          Effect.map(
            repo.list({ userId, now, all: true, before: Option.fromUndefinedOr(whole[seen - 1]), limit: 2 }),
            ({ sessions }) => sessions
          )
      )
      assert.deepStrictEqual(pages, [0, 1, 2, 3, 4, 5].map((seen) => whole.slice(seen, seen + 2)))
      assert.deepStrictEqual(
        idsOf(whole),
        idsOf(whole.toSorted((a, b) => DateTime.Order(b.createdAt, a.createdAt) || (a.id < b.id ? 1 : -1)))
      )
    }))

  it.effect("P1 addresses of every form come back in their canonical one, in sessions and events", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenUser("unlimited")
      // PostgreSQL writes the first as "::1.2.3.4".
      const written = ["::1.2.3.4", "::1:0", "64:ff9b::8.8.8.8", "::", "1:0:2:3:4:5:6:7", "0.0.0.0", "255.255.255.255"]
      for (const ipAddress of written.map(parseIpAddress)) {
        assert.isTrue(Option.isSome(ipAddress))
        const { events, session } = yield* admit({ userId, ipAddress, lastIpAddress: ipAddress })
        const repo = yield* SessionRepo
        const how = SessionEnd.make({ at: now, reason: "logout", actor: byUser(userId, ipAddress) })
        const ending = yield* repo.end(session.id, how, { owner: Option.none(), reuse: Option.none() })
        assert.deepStrictEqual(yield* repo.find(session.id), Option.some(session.ended(how)))
        const logged = yield* eventsOf(userId, 2)
        assert.deepStrictEqual(logged.slice(-2), [...events, ...ending.events])
      }
    }))
}
