/** What the policies say: refuse, choose by activity, protect. The C lines as far as the store decides. */
import { assert, type Vitest } from "@effect/vitest"
import { SessionRules } from "@sojourn/core"
import { DateTime, Duration, Effect, Option } from "effect"
import { after, freshSessionId } from "../Fixtures.ts"
import { admit, allOf, byDefault, failure, givenUser, live, type SeededStore, setLimit, trust, use } from "./given.ts"

const reject = SessionRules.make({ atLimit: "reject" })
const leastRecentlyUsed = SessionRules.make({ atLimit: "evict-least-recently-used" })
const protectTrusted = SessionRules.make({ protectTrusted: true })

export const policyCases = (it: Vitest.MethodsNonLive<SeededStore>): void => {
  it.effect("C16 a limit of 0 refuses every login and nothing is written", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenUser(0, [live(2), live(1)])
      const before = yield* allOf(userId, 2)
      for (const rules of [byDefault, reject, leastRecentlyUsed]) {
        assert.deepStrictEqual(
          yield* failure(admit({ userId }, rules)),
          { _tag: "SessionLimitExceeded", userId, limit: 0, active: 2 }
        )
      }
      assert.deepStrictEqual(yield* allOf(userId), before)
    }))

  it.effect("C17 the policy reject refuses at the limit, and above a lowered one, and nothing is written", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenUser(2, [live(2), live(1)])
      const before = yield* allOf(userId, 2)
      const refused = yield* failure(admit({ userId }, reject))
      assert.deepStrictEqual(refused, { _tag: "SessionLimitExceeded", userId, limit: 2, active: 2 })
      yield* setLimit(userId, 1)
      const again = yield* failure(admit({ userId }, reject))
      assert.deepStrictEqual(again, { _tag: "SessionLimitExceeded", userId, limit: 1, active: 2 })
      assert.deepStrictEqual(yield* allOf(userId), before)
      yield* setLimit(userId, 3)
      assert.deepStrictEqual((yield* admit({ userId }, reject)).evicted, [])
    }))

  it.effect("C18 the least recently used goes, not the oldest", () =>
    Effect.gen(function*() {
      const { ids: [, b], sessions, userId } = yield* givenUser(3, [live(5), live(4), live(3)])
      yield* use(sessions[0], 1)
      yield* use(sessions[2], 2)
      assert.deepStrictEqual((yield* admit({ userId }, leastRecentlyUsed)).evicted, [b!])
    }))

  it.effect("C18 of equal activity the older one goes, of equal age the lower id", () =>
    Effect.gen(function*() {
      const low = yield* freshSessionId
      const high = yield* freshSessionId
      const { ids: [, older], sessions, userId } = yield* givenUser(4, [
        { ...live(3), id: high },
        live(4),
        { ...live(3), id: low },
        live(5)
      ])
      yield* Effect.forEach(sessions.slice(0, 3), (session) => use(session, 1))
      yield* use(sessions[3], 0)
      const logIn = admit({ userId, createdAt: after("1 hour") }, leastRecentlyUsed)
      const admitted = yield* Effect.replicateEffect(logIn, 3)
      assert.deepStrictEqual(admitted.flatMap(({ evicted }) => evicted), [older!, low, high])
    }))

  it.effect("C19 trusted sessions stay, and when all are trusted the login fails and nothing is written", () =>
    Effect.gen(function*() {
      const { ids: [, younger], sessions, userId } = yield* givenUser(2, [live(2), live(1)])
      yield* trust(sessions[0])
      const { evicted, session } = yield* admit({ userId }, protectTrusted)
      assert.deepStrictEqual(evicted, [younger!])
      yield* trust(session)
      const before = yield* allOf(userId, 4)
      assert.deepStrictEqual(
        yield* failure(admit({ userId }, protectTrusted)),
        { _tag: "EvictionFailed", userId, limit: 2, active: 2, protected: 2 }
      )
      assert.deepStrictEqual(yield* allOf(userId), before)
    }))

  it.effect("C19 activity within the protected time protects, at its very edge no more", () =>
    Effect.gen(function*() {
      const rules = SessionRules.make({ protectActiveWithin: Option.some(Duration.hours(1)) })
      const justWithin = DateTime.add(after("-1 hour"), { milliseconds: 1 })
      const { ids: [, edge], userId } = yield* givenUser(2, [{ createdAt: justWithin }, live(1)])
      assert.deepStrictEqual((yield* admit({ userId }, rules)).evicted, [edge!])
      assert.deepStrictEqual(
        yield* failure(admit({ userId }, rules)),
        { _tag: "EvictionFailed", userId, limit: 2, active: 2, protected: 2 }
      )
    }))

  it.effect("C19 what protects is the activity, not the login", () =>
    Effect.gen(function*() {
      const rules = SessionRules.make({ protectActiveWithin: Option.some(Duration.hours(1)) })
      const { ids: [, younger], sessions, userId } = yield* givenUser(2, [live(9), live(2)])
      yield* use(sessions[0], 0)
      assert.deepStrictEqual((yield* admit({ userId }, rules)).evicted, [younger!])
    }))

  it.effect("C19 all of the excess goes or none of it", () =>
    Effect.gen(function*() {
      const { sessions, userId } = yield* givenUser(2, [live(5), live(4), live(3), live(2), live(1)])
      yield* trust(sessions[3], sessions[4])
      const before = yield* allOf(userId, 5)
      assert.deepStrictEqual(
        yield* failure(admit({ userId }, protectTrusted)),
        { _tag: "EvictionFailed", userId, limit: 2, active: 5, protected: 2 }
      )
      assert.deepStrictEqual(yield* allOf(userId), before)
    }))
}
