import { assert, describe, it } from "@effect/vitest"
import {
  CreateSession,
  createSession,
  ListSessions,
  listSessions,
  type PageCursor,
  SessionEnd,
  SessionRepo,
  system,
  User,
  UserId
} from "@sojourn/core"
import { Fixtures, SojournTest } from "@sojourn/testing"
import { DateTime, Effect, Option } from "effect"
import { TestClock } from "effect/testing"

const userId = UserId.make("alice")
const sojourn = () => SojournTest.layer({ users: [User.make({ id: userId, maxSessions: Option.some("unlimited") })] })

/** One that has ended, then two that live; the clock stands at the last. */
const twoLiveAndOneEnded = Effect.gen(function*() {
  const repo = yield* SessionRepo
  yield* TestClock.setTime(DateTime.toEpochMillis(Fixtures.now))
  const logIn = Effect.tap(createSession(CreateSession.make({ userId })), () => TestClock.adjust("1 hour"))
  const ended = yield* logIn
  yield* repo.endAll(
    userId,
    Option.none(),
    SessionEnd.make({ at: yield* DateTime.now, reason: "logout", actor: system })
  )
  const first = yield* logIn
  const second = yield* logIn
  return [ended, first, second].map(({ sessionId }) => sessionId)
})

const shown = Effect.fnUntraced(function*(query: Omit<Parameters<typeof ListSessions.make>[0], "userId">) {
  const { next: _, sessions, ...counted } = yield* listSessions(ListSessions.make({ userId, ...query }))
  return { ...counted, sessions: sessions.map(({ active, session }) => [session.id, active]) }
})

const page = (before: Option.Option<PageCursor>) =>
  Effect.map(listSessions(ListSessions.make({ userId, all: true, limit: 2, before })), ({ next, sessions }) => ({
    ids: sessions.map(({ session }) => session.id),
    next
  }))

describe("listSessions", () => {
  it.effect("Q7 of 2 live and 1 ended, all: total 3, active 2, Q11 newest first", () =>
    Effect.gen(function*() {
      const [ended, first, second] = yield* twoLiveAndOneEnded
      assert.deepStrictEqual(yield* shown({ all: true }), {
        total: 3,
        active: 2,
        sessions: [[second!, true], [first!, true], [ended!, false]]
      })
    }).pipe(Effect.provide(sojourn())))

  it.effect("Q8 active only, which is the default", () =>
    Effect.gen(function*() {
      const [, first, second] = yield* twoLiveAndOneEnded
      assert.deepStrictEqual(yield* shown({}), {
        total: 3,
        active: 2,
        sessions: [[second!, true], [first!, true]]
      })
    }).pipe(Effect.provide(sojourn())))

  it.effect("Q8 what expires is no longer active", () =>
    Effect.gen(function*() {
      yield* twoLiveAndOneEnded
      yield* TestClock.adjust("30 days")
      assert.deepStrictEqual(yield* shown({}), { total: 3, active: 0, sessions: [] })
    }).pipe(Effect.provide(sojourn())))

  it.effect("Q10 none: empty, zeros, for an unknown user too", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* shown({ all: true }), { total: 0, active: 0, sessions: [] })
      const nobody = yield* listSessions(ListSessions.make({ userId: UserId.make("nobody"), all: true }))
      assert.deepStrictEqual(nobody, { total: 0, active: 0, sessions: [], next: Option.none() })
    }).pipe(Effect.provide(sojourn())))

  it.effect("Q11 pages go on where the page before ended, also when its last session is gone", () =>
    Effect.gen(function*() {
      const [ended, first, second] = yield* twoLiveAndOneEnded
      const one = yield* page(Option.none())
      assert.deepStrictEqual(one.ids, [second!, first!])
      const two = yield* page(one.next)
      assert.deepStrictEqual(two, { ids: [ended!], next: Option.none() })

      yield* TestClock.adjust("31 days")
      yield* SessionRepo.use((repo) => Effect.flatMap(DateTime.now, (now) => repo.purge(now, 10)))
      assert.deepStrictEqual(yield* page(one.next), { ids: [], next: Option.none() })
    }).pipe(Effect.provide(sojourn())))

  it("a page has from 1 to 1,000 sessions, 100 by default", () => {
    assert.strictEqual(ListSessions.make({ userId }).limit, 100)
    for (const limit of [1, 1000]) assert.strictEqual(ListSessions.make({ userId, limit }).limit, limit)
    for (const limit of [0, 1001, 1.5]) assert.throws(() => ListSessions.make({ userId, limit }))
  })
})
