/** The index of each user's sessions. */
import { assert, type Vitest } from "@effect/vitest"
import type { SessionCache } from "@sojourn/core"
import { Effect, Option } from "effect"
import { after, fence, fill, get, index, neighbours, newUser, put, sessionOf } from "./sessionCacheGiven.ts"

export const sessionCacheIndexCases = (it: Vitest.MethodsNonLive<SessionCache>): void => {
  it.effect("K5 put and fill add the id to the user's index", () =>
    Effect.gen(function*() {
      const user = newUser()
      const [first, second] = [sessionOf(user, "1 day"), sessionOf(user, "2 days")]
      yield* put(first)
      assert.deepStrictEqual(yield* index(user), [first.id])
      yield* fill(second)
      assert.deepStrictEqual(yield* index(user), [first.id, second.id])
    }))

  it.effect("K13 the index has both of two, by expiry", () =>
    Effect.gen(function*() {
      const user = newUser()
      const [later, sooner] = [sessionOf(user, "2 days"), sessionOf(user, "1 day")]
      yield* put(later)
      yield* put(sooner)
      assert.deepStrictEqual(yield* index(user), [sooner.id, later.id])
    }))

  it.effect("K14 the index of an unknown user is empty", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* index(newUser()), [])
    }))

  it.effect("K15 putting a session again changes nothing", () =>
    Effect.gen(function*() {
      const session = sessionOf(newUser())
      yield* put(session)
      yield* put(session)
      assert.deepStrictEqual(yield* get(session), Option.some(session))
      assert.deepStrictEqual(yield* index(session.userId), [session.id])
    }))

  it.effect("K16 K17 of 100 sessions that are added at once, none is lost", () =>
    Effect.gen(function*() {
      const user = newUser()
      const sessions = Array.from({ length: 100 }, () => sessionOf(user))
      yield* Effect.forEach(sessions, (session, at) => at % 2 === 0 ? put(session) : fill(session), {
        concurrency: "unbounded"
      })
      assert.sameMembers([...yield* index(user)], sessions.map(({ id }) => id))
      const found = yield* Effect.forEach(sessions, (session) => get(session), { concurrency: "unbounded" })
      assert.strictEqual(found.filter(Option.isSome).length, 100)
    }))

  it.effect("K18 sessions fenced while others are added leave exactly the others", () =>
    Effect.gen(function*() {
      const user = newUser()
      const ended = Array.from({ length: 50 }, () => sessionOf(user))
      const added = Array.from({ length: 50 }, () => sessionOf(user))
      yield* Effect.forEach(ended, (session) => put(session), { concurrency: "unbounded" })
      yield* Effect.forEach(ended, (session, at) => Effect.all([fence([session]), put(added[at]!)]), {
        concurrency: "unbounded"
      })
      assert.sameMembers([...yield* index(user)], added.map(({ id }) => id))
    }))

  it.effect("K19 the index has no session that is over", () =>
    Effect.gen(function*() {
      const user = newUser()
      const [short, long] = [sessionOf(user, "1 minute"), sessionOf(user, "1 day")]
      yield* put(short)
      yield* put(long)
      assert.deepStrictEqual(yield* index(user, after("59999 millis")), [short.id, long.id])
      assert.deepStrictEqual(yield* index(user, after("1 minute")), [long.id])
      const next = sessionOf(user, "2 days")
      yield* put(next, [], after("1 minute"))
      assert.deepStrictEqual(yield* index(user), [long.id, next.id])
    }))

  it.effect("K24 K25 users are disjoint, also those whose keys live in the same place", () =>
    Effect.gen(function*() {
      const [one, other] = neighbours()
      const [ended, kept] = [sessionOf(one), sessionOf(other)]
      yield* put(ended)
      yield* put(kept)
      assert.deepStrictEqual(yield* index(one), [ended.id])
      yield* fence([ended])
      assert.deepStrictEqual(yield* index(one), [])
      assert.deepStrictEqual(yield* index(other), [kept.id])
      assert.deepStrictEqual(yield* get(kept), Option.some(kept))
    }))
}
