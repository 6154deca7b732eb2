/** Ending what is due: P13. The cases live in the seventies, so that no session of another case is due then. */
import { assert, type Vitest } from "@effect/vitest"
import {
  endedEventId,
  SessionEnd,
  type SessionEvent,
  SessionExpired,
  SessionRepo,
  type SessionRepoError,
  system
} from "@sojourn/core"
import { Array, DateTime, Duration, Effect, Option } from "effect"
import type { SessionFields } from "../Fixtures.ts"
import { allOf, eventsOf, givenUser, sessionsOf, type Store } from "./given.ts"
import { assertToldOnce } from "./told.ts"

const day = (n: number) => DateTime.add(DateTime.makeUnsafe("1975-01-01T00:00:00.000Z"), { days: n })
const born = { createdAt: day(0), expiresAt: day(60) }
const today = day(30)

/** Stopped being active on that day. */
const expiredOn = (n: number): SessionFields => ({ ...born, expiresAt: day(n) })
const idleOn = (n: number): SessionFields => ({ ...born, idleTimeout: Option.some(Duration.days(n)) })

const sweep = (limit: number, at = today) => SessionRepo.use((repo) => repo.sweep(at, limit))

/** Sweeps until nothing is due any more, or gives up: users whose lock is taken are left for the next time. */
const sweepAll = Effect.fnUntraced(
  function*(limit: number): Effect.fn.Return<ReadonlyArray<SessionEvent>, SessionRepoError, SessionRepo> {
    const swept = yield* sweep(limit)
    return swept.length === 0 ? [] : [...swept, ...(yield* sweepAll(limit))]
  }
)

const concerning = (events: ReadonlyArray<SessionEvent>, userId: string) =>
  events.filter((event) => event.userId === userId)

export const sweepCases = (it: Vitest.MethodsNonLive<Store>): void => {
  it.effect("P13 ends expired and idle sessions at the time when they stopped, with reason and event; live ones stay", () =>
    Effect.gen(function*() {
      yield* sweepAll(1000)
      const { ids: [gone, idled, live, instant], sessions, userId } = yield* givenUser("unlimited", [
        expiredOn(10),
        idleOn(20),
        born,
        expiredOn(30)
      ])
      const swept = yield* sweep(100)
      const told = [[gone, 10, "expired"], [idled, 20, "idle"], [instant, 30, "expired"]] as const
      assert.deepStrictEqual(
        swept,
        told.map(([sessionId, at, reason]) =>
          SessionExpired.make({
            eventId: endedEventId(sessionId!),
            at: day(at),
            userId,
            actor: system,
            sessionId: sessionId!,
            reason,
            device: sessions[0]!.device
          })
        )
      )
      assert.deepStrictEqual((yield* eventsOf(userId, 7)).slice(4), swept)
      const ends = new Map((yield* sessionsOf(userId)).map(({ end, id }) => [id, Option.getOrNull(end)]))
      for (const [id, at, reason] of told) {
        assert.deepStrictEqual({ ...ends.get(id!)! }, { at: day(at), reason, actor: system })
      }
      assert.isNull(ends.get(live!))
      assert.deepStrictEqual(yield* sweep(100), [], "nothing is swept twice")
    }))

  it.effect("P13 ends a session at the very moment when it stops being active", () =>
    Effect.gen(function*() {
      yield* sweepAll(1000)
      const { userId } = yield* givenUser("unlimited", [expiredOn(30)])
      assert.lengthOf(yield* sweep(100, DateTime.subtract(today, { milliseconds: 1 })), 0)
      assert.lengthOf(concerning(yield* sweep(100), userId), 1)
    }))

  it.effect("P13 a session that ended keeps its end", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { ids: [a], userId } = yield* givenUser("unlimited", [expiredOn(10)])
      yield* repo.endAll(userId, Option.none(), SessionEnd.make({ at: day(5), reason: "logout", actor: system }))
      const before = yield* allOf(userId, 3)
      assert.deepStrictEqual(concerning(yield* sweepAll(1000), userId), [])
      assert.deepStrictEqual(yield* allOf(userId, 3), before)
      assert.strictEqual(before.sessions[0]!.id, a)
    }))

  it.effect("P13 at most so many at once, the oldest first, and goes on where it stopped", () =>
    Effect.gen(function*() {
      yield* sweepAll(1000)
      const { ids, userId } = yield* givenUser("unlimited", [9, 3, 7, 1, 5].map(expiredOn))
      const batches = yield* Effect.replicateEffect(sweep(2), 4)
      assert.deepStrictEqual(batches.map((batch) => batch.length), [2, 2, 1, 0])
      assert.deepStrictEqual(
        concerning(batches.flat(), userId).map((event) => "sessionId" in event ? event.sessionId : event._tag),
        [ids[3]!, ids[1]!, ids[4]!, ids[2]!, ids[0]!]
      )
    }))

  it.effect(
    "P13 several sweepers at once: each session ends once, with one event, and none waits for another",
    () =>
      Effect.gen(function*() {
        yield* sweepAll(1000)
        const users = yield* Effect.forEach(
          Array.range(1, 12),
          () => givenUser("unlimited", [1, 2, 3, 4, 5].map(expiredOn))
        )
        const swept = (yield* Effect.replicateEffect(sweepAll(7), 4, { concurrency: "unbounded" })).flat()
        const rest = yield* sweepAll(1000)
        assert.strictEqual(swept.length + rest.length, 60)
        for (const { userId } of users) {
          const { events, sessions } = yield* allOf(userId, 10)
          assert.isTrue(sessions.every(({ end }) => Option.isSome(end)))
          assertToldOnce(sessions, events)
        }
      }),
    30_000
  )
}
