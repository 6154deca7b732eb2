/** Deleting what is old: P11, P12. The cases live in 1970, so that no session of another case is that old. */
import { assert, type Vitest } from "@effect/vitest"
import { EventLog, type Session, SessionEnd, SessionRepo } from "@sojourn/core"
import { DateTime, Duration, Effect, Option } from "effect"
import { after } from "../Fixtures.ts"
import { erase, personal } from "./eraseCases.ts"
import { admit, allOf, eventsOf, givenUser, passwordChanged, sessionsOf, setLimit, type Store } from "./given.ts"

const idsOf = (sessions: ReadonlyArray<Session>) => sessions.map(({ id }) => id)

const era = DateTime.makeUnsafe("1971-01-01T00:00:00.000Z")

/** What other cases have left. */
const purgeAll = SessionRepo.use((repo) => repo.purge(era, 1000)).pipe(
  Effect.repeat({ until: (purged) => purged === 0 })
)

const bornOn = (day: string) => ({ createdAt: DateTime.makeUnsafe(`1970-02-${day}T00:00:00.000Z`) })

export const purgeCases = (it: Vitest.MethodsNonLive<Store>): void => {
  it.effect("P11 purging deletes what was over before, P12 at most so many, and keeps the events", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      yield* purgeAll

      const old = { createdAt: DateTime.makeUnsafe("1970-02-01T00:00:00.000Z") }
      const { ids: [ended, gone, idled, going], userId } = yield* givenUser("unlimited", [
        { ...old, expiresAt: after("0 millis") },
        { ...old, expiresAt: DateTime.makeUnsafe("1970-03-01T00:00:00.000Z") },
        { ...old, expiresAt: after("0 millis"), idleTimeout: Option.some(Duration.days(30)) },
        { ...old, expiresAt: after("0 millis") }
      ])
      yield* repo.endAll(
        userId,
        Option.some(going!),
        SessionEnd.make({ ...passwordChanged, at: DateTime.makeUnsafe("1970-02-02T00:00:00.000Z") })
      )
      const events = yield* eventsOf(userId, 4)

      assert.strictEqual(yield* repo.purge(era, 2), 2)
      assert.strictEqual((yield* sessionsOf(userId)).length, 2)
      assert.strictEqual(yield* repo.purge(era, 2), 1)
      assert.strictEqual(yield* repo.purge(era, 2), 0)
      assert.deepStrictEqual(idsOf(yield* sessionsOf(userId)), [going!])
      for (const id of [ended!, gone!, idled!]) assert.isTrue(Option.isNone(yield* repo.find(id)))
      assert.deepStrictEqual(yield* eventsOf(userId, events.length), events)
    }))

  it.effect("P11 purging leaves what ended at that very moment", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      yield* purgeAll
      const { ids, userId } = yield* givenUser("unlimited", [bornOn("01")])
      yield* repo.endAll(userId, Option.none(), SessionEnd.make({ ...passwordChanged, at: bornOn("02").createdAt }))
      assert.strictEqual(yield* repo.purge(bornOn("02").createdAt, 1000), 0)
      assert.deepStrictEqual(idsOf(yield* sessionsOf(userId)), ids)
    }))

  it.effect("P11 D1 purging leaves what has not ended, however old, until it was swept and has its event", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const born = DateTime.makeUnsafe("1970-02-01T00:00:00.000Z")
      yield* repo.sweep(era, 1000).pipe(Effect.repeat({ until: (swept) => swept.length === 0 }))
      yield* purgeAll

      const { ids: [gone, idled], sessions, userId } = yield* givenUser("unlimited", [
        { createdAt: born, expiresAt: DateTime.makeUnsafe("1970-03-01T00:00:00.000Z") },
        { createdAt: born, expiresAt: after("0 millis"), idleTimeout: Option.some(Duration.days(90)) }
      ])
      assert.strictEqual(yield* repo.purge(era, 1000), 0)
      assert.sameDeepMembers([...yield* sessionsOf(userId)], sessions)

      const swept = yield* repo.sweep(era, 1000)
      assert.deepStrictEqual(swept.map((event) => "sessionId" in event && event.sessionId), [gone!, idled!])
      assert.strictEqual(yield* repo.purge(era, 1000), 2)
      assert.deepStrictEqual(yield* allOf(userId, 4), {
        sessions: [],
        events: [...(yield* eventsOf(userId, 4)).slice(0, 2), ...swept]
      })
    }))

  it.effect("P11 D1 events tell of device, place and expiry when their session is purged, and not once it is erased", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      yield* purgeAll

      const { userId } = yield* givenUser("unlimited", [
        { ...bornOn("01"), expiresAt: DateTime.makeUnsafe("1970-02-02T00:00:00.000Z") },
        { ...bornOn("03"), expiresAt: after("0 millis") }
      ])
      yield* setLimit(userId, 1)
      const { session: last } = yield* admit({ userId, ...bornOn("05"), expiresAt: after("1 day") })
      const before = yield* eventsOf(userId, 5)
      assert.deepStrictEqual(
        before.map((event) => [event._tag, personal(event).length]),
        [
          ["SessionCreated", 4],
          ["SessionCreated", 4],
          ["SessionExpired", 1],
          ["SessionEvicted", 1],
          ["SessionCreated", 4]
        ]
      )
      assert.strictEqual(yield* repo.purge(era, 1000), 2)
      assert.deepStrictEqual(idsOf(yield* sessionsOf(userId)), [last.id])
      assert.deepStrictEqual(yield* eventsOf(userId, 5), before)
      yield* EventLog.use((log) => log.purge(bornOn("01").createdAt, 1000))
      assert.deepStrictEqual(yield* eventsOf(userId, 5), before, "what was purged of the log was older than they are")

      yield* erase(userId, after("0 millis"))
      const erased = yield* eventsOf(userId, 7)
      assert.deepStrictEqual(erased.flatMap(personal), [])
      const told = (events: typeof erased) =>
        events.slice(0, 5).map((event) => [event.eventId, event.at, "expiresAt" in event && event.expiresAt])
      assert.deepStrictEqual(told(erased), told(before))
    }))

  it.effect("P11 D1 purging the log leaves what happened at that very moment, with all that it tells", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      yield* purgeAll
      const { userId } = yield* givenUser(1)
      for (const day of ["01", "03"]) yield* admit({ userId, ...bornOn(day), expiresAt: after("1 day") })
      const before = yield* eventsOf(userId, 3)
      assert.strictEqual(yield* repo.purge(era, 1000), 1)
      yield* EventLog.use((log) => log.purge(bornOn("03").createdAt, 1_000_000))
      assert.deepStrictEqual(yield* eventsOf(userId, 2), before.slice(1))
    }))

  it.effect.each(
    [
      ["the evicted one first", ["04", "06"]],
      ["both at once", ["06"]]
    ] as const
  )(
    "P11 D1 evictions are told whole when the sessions of both sides are purged: %s",
    ([, days]) =>
      Effect.gen(function*() {
        const repo = yield* SessionRepo
        yield* purgeAll

        const { userId } = yield* givenUser(1)
        for (const day of ["01", "03", "05"]) yield* admit({ userId, ...bornOn(day), expiresAt: after("1 day") })
        const before = yield* eventsOf(userId, 5)
        assert.deepStrictEqual(before.map((event) => personal(event).length), [4, 1, 4, 1, 4])
        let purged = 0
        for (const day of days) {
          purged += yield* repo.purge(bornOn(day).createdAt, 1000)
          assert.deepStrictEqual(yield* eventsOf(userId, 5), before)
        }
        assert.strictEqual(purged, 2)
        yield* erase(userId, after("0 millis"))
        assert.deepStrictEqual((yield* eventsOf(userId, 6)).flatMap(personal), [])
      })
  )
}
