/** Reading and following the event log: D1, D2. */
import { assert, type Vitest } from "@effect/vitest"
import {
  EventLog,
  followEvents,
  type LoggedEvent,
  readEvents,
  type SessionId,
  SessionRepo,
  type UserId
} from "@sojourn/core"
import { Effect, Fiber, Option, Stream } from "effect"
import { freshSessionId } from "../Fixtures.ts"
import { erase } from "./eraseCases.ts"
import { admit, eventsOf, givenUser, live, passwordChanged, setLimit, type Store } from "./given.ts"

/** Reads on in pages of this size until nothing is left. */
export const readAll = Effect.fnUntraced(function*(userId: Option.Option<UserId>, limit: number, after = 0) {
  const log = yield* EventLog
  const read: Array<LoggedEvent> = []
  let position = after
  while (true) {
    const page = yield* log.read({ after: position, limit, userId })
    assert.isAtMost(page.length, limit)
    if (page.length === 0) return read
    read.push(...page)
    position = page.at(-1)!.position
  }
})

export const eventReadCases = (it: Vitest.MethodsNonLive<Store>): void => {
  it.effect("D1 holds what the repository returned, in that order", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { userId } = yield* givenUser(2)
      const written = [
        ...(yield* admit({ userId, ...live(3) })).events,
        ...(yield* admit({ userId, ...live(2) })).events,
        ...(yield* admit({ userId, ...live(1) })).events,
        ...(yield* repo.endAll(userId, Option.none(), passwordChanged)).events
      ]
      assert.deepStrictEqual(written.map(({ _tag }) => _tag), [
        "SessionCreated",
        "SessionCreated",
        "SessionEvicted",
        "SessionCreated",
        "SessionRevoked",
        "SessionRevoked",
        "SessionsRevoked"
      ])
      assert.deepStrictEqual(yield* eventsOf(userId, 7), written)
    }))

  it.effect("D2 reading on from the last position misses nothing and repeats nothing", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenUser("unlimited", [live(5), live(4), live(3), live(2), live(1)])
      const events = yield* eventsOf(userId, 5)
      const whole = yield* readAll(Option.some(userId), 100)
      assert.deepStrictEqual(whole.map(({ event }) => event), events)
      for (const limit of [1, 2, 5]) {
        assert.deepStrictEqual(yield* readAll(Option.some(userId), limit), whole)
      }
      const positions = whole.map(({ position }) => position)
      assert.isTrue(positions.every((position, at) => position > (positions[at - 1] ?? 0)))
    }))

  it.effect("D2 reading on from between evictions and the login that needed them misses and repeats nothing", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      const { ids: [a, b], userId } = yield* givenUser("unlimited", [live(4), live(3)])
      yield* setLimit(userId, 1)
      const { session } = yield* admit({ userId, ...live(2) })
      yield* admit({ userId, ...live(1) })
      const events = yield* eventsOf(userId, 7)
      assert.deepStrictEqual(events.map(({ _tag }) => _tag), [
        "SessionCreated",
        "SessionCreated",
        "SessionEvicted",
        "SessionEvicted",
        "SessionCreated",
        "SessionEvicted",
        "SessionCreated"
      ])
      const whole = yield* readAll(Option.some(userId), 100)
      assert.deepStrictEqual(whole.map(({ event }) => event), events)
      for (const limit of [1, 2, 3]) assert.deepStrictEqual(yield* readAll(Option.some(userId), limit), whole)
      const everybodys = yield* readAll(Option.none(), 1, whole[0]!.position - 1)
      assert.deepStrictEqual(everybodys.filter(({ event }) => event.userId === userId), whole)
      for (const [id, first, last] of [[a!, 0, 2], [b!, 1, 3], [session.id, 4, 5]] as const) {
        const query = { limit: 1, userId: Option.none(), sessionId: Option.some(id) }
        assert.deepStrictEqual(yield* log.read({ ...query, after: 0 }), [whole[first]!])
        assert.deepStrictEqual(yield* log.read({ ...query, after: whole[first]!.position }), [whole[last]!])
        assert.deepStrictEqual(yield* log.read({ ...query, after: whole[last]!.position }), [])
      }
    }))

  it.effect("D2 what comes later has a later position", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      const { userId } = yield* givenUser("unlimited", [live(1)])
      yield* eventsOf(userId, 1)
      const [first] = yield* readAll(Option.some(userId), 10)
      const query = { after: first!.position, limit: 10, userId: Option.some(userId) }
      assert.deepStrictEqual(yield* log.read(query), [])
      const { events } = yield* admit({ userId })
      yield* eventsOf(userId, 2)
      assert.deepStrictEqual((yield* log.read(query)).map(({ event }) => event), events)
    }))

  it.effect("D2 one user's events, or everybody's in the order of their commits", () =>
    Effect.gen(function*() {
      const a = yield* givenUser("unlimited")
      const b = yield* givenUser("unlimited")
      const written = [
        ...(yield* admit({ userId: a.userId })).events,
        ...(yield* admit({ userId: b.userId })).events,
        ...(yield* admit({ userId: a.userId })).events
      ]
      assert.deepStrictEqual(yield* eventsOf(a.userId, 2), [written[0]!, written[2]!])
      assert.deepStrictEqual(yield* eventsOf(b.userId, 1), [written[1]!])
      const [first] = yield* readAll(Option.some(a.userId), 10)
      const everybodys = yield* readAll(Option.none(), 100, first!.position - 1)
      const theirs = everybodys.filter(({ event }) => event.userId === a.userId || event.userId === b.userId)
      assert.deepStrictEqual(theirs.map(({ event }) => event), written)
    }))

  it.effect("D2 one session's events, of a user's or of nobody's in particular", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      const { ids: [a, b], userId } = yield* givenUser("unlimited", [live(2), live(1)])
      const other = yield* givenUser("unlimited", [live(1)])
      yield* SessionRepo.use((repo) => repo.endAll(userId, Option.none(), passwordChanged))
      const all = yield* eventsOf(userId, 5)
      const read = (sessionId: SessionId, owner: Option.Option<UserId> = Option.none(), after = 0) =>
        log.read({ after, limit: 10, userId: owner, sessionId: Option.some(sessionId) })
      const told = yield* read(a!)
      assert.deepStrictEqual(told.map(({ event }) => event), [all[0]!, all[2]!])
      assert.deepStrictEqual(yield* read(a!, Option.some(userId)), told)
      assert.deepStrictEqual(yield* read(a!, Option.some(other.userId)), [])
      assert.deepStrictEqual(yield* read(a!, Option.none(), told[0]!.position), told.slice(1))
      assert.deepStrictEqual(
        yield* log.read({ after: 0, limit: 1, userId: Option.none(), sessionId: Option.some(a!) }),
        told.slice(0, 1)
      )
      assert.deepStrictEqual((yield* read(b!)).map(({ event }) => event), [all[1]!, all[3]!])
      assert.deepStrictEqual(yield* read(yield* freshSessionId), [])
    }))

  it.effect("D2 the events of a session that is deleted by now", () =>
    Effect.gen(function*() {
      const { ids: [id], userId } = yield* givenUser("unlimited", [live(1)])
      yield* erase(userId)
      yield* eventsOf(userId, 3)
      const told = yield* EventLog.use((log) =>
        log.read({ after: 0, limit: 10, userId: Option.none(), sessionId: Option.some(id!) })
      )
      assert.deepStrictEqual(told.map(({ event }) => event._tag), ["SessionCreated", "SessionRevoked"])
    }))

  it.effect("D2 following gives what is there and what comes, from wherever it was stopped", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenUser("unlimited", [live(3), live(2)])
      yield* eventsOf(userId, 2)
      const follow = (after: number, count: number) =>
        followEvents({ after, userId: Option.some(userId) }, "10 millis").pipe(
          Stream.take(count),
          Stream.runCollect,
          Effect.forkChild
        )
      const first = yield* follow(0, 3)
      yield* Effect.sleep("50 millis")
      yield* admit({ userId })
      const early = yield* Fiber.join(first)
      assert.deepStrictEqual(early.map(({ event }) => event), yield* eventsOf(userId, 3))
      const second = yield* follow(early.at(-1)!.position, 2)
      yield* admit({ userId })
      yield* admit({ userId })
      const late = yield* Fiber.join(second)
      assert.deepStrictEqual([...early, ...late], yield* readAll(Option.some(userId), 100))
      assert.deepStrictEqual(
        yield* Stream.runCollect(readEvents({ after: early[0]!.position, userId: Option.some(userId) })),
        [...early.slice(1), ...late]
      )
    }))
}
