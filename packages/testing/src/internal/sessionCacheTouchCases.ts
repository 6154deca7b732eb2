/** Activity keeps an entry up to date, and brings none back. */
import { assert, type Vitest } from "@effect/vitest"
import { CachedSession, SecretHash, type SessionCache, UserId } from "@sojourn/core"
import { DateTime, Duration, Effect, Option } from "effect"
import {
  after,
  assertAbsent,
  type Bounds,
  fence,
  fill,
  get,
  index,
  newId,
  newUser,
  put,
  sessionOf,
  touch
} from "./sessionCacheGiven.ts"

const usedAt = (session: CachedSession, at: DateTime.Utc) => CachedSession.make({ ...session, lastActivityAt: at })
const rotated = (session: CachedSession) =>
  CachedSession.make({ ...session, secretHash: SecretHash.make("e1".repeat(32)) })
const trusting = (session: CachedSession) => CachedSession.make({ ...session, trusted: true })
const idling = (idle: Duration.Input) =>
  CachedSession.make({ ...sessionOf(newUser()), idleTimeout: Option.some(Duration.fromInputUnsafe(idle)) })

export const sessionCacheTouchCases = (it: Vitest.MethodsNonLive<SessionCache>, { bound, total }: Bounds): void => {
  it.effect("K20 activity is found in the entry", () =>
    Effect.gen(function*() {
      const session = idling("1 hour")
      yield* put(session)
      const used = usedAt(session, after("2 seconds"))
      yield* touch(used, after("2 seconds"))
      assert.deepStrictEqual(yield* get(session, after("3 seconds")), Option.some(used))
    }))

  it.effect("K20 activity moves the idle deadline in the index, and not the absolute one", () =>
    Effect.gen(function*() {
      const session = idling("10 seconds")
      yield* put(session)
      yield* touch(usedAt(session, after("9 seconds")), after("9 seconds"))
      assert.deepStrictEqual(yield* index(session.userId, after("18999 millis")), [session.id])
      assert.deepStrictEqual(yield* index(session.userId, after("19 seconds")), [])
      const short = CachedSession.make({ ...idling("10 seconds"), expiresAt: after("12 seconds") })
      yield* put(short)
      yield* touch(usedAt(short, after("9 seconds")), after("9 seconds"))
      assert.deepStrictEqual(yield* index(short.userId, after("11999 millis")), [short.id])
      assert.deepStrictEqual(yield* index(short.userId, after("12 seconds")), [])
      assert.deepStrictEqual(yield* get(short, after("12 seconds")), Option.none())
    }))

  it.effect("K20 activity does not prolong an entry that the store has not confirmed", () =>
    Effect.gen(function*() {
      const session = sessionOf(newUser())
      yield* put(session)
      const late = DateTime.addDuration(after(bound), "-1 millis")
      yield* touch(usedAt(session, late), late)
      assert.deepStrictEqual(yield* get(session, late), Option.some(usedAt(session, late)))
      assert.deepStrictEqual(yield* get(session, after(total)), Option.none())
    }))

  it.effect("K20 activity that comes late does not turn the entry back", () =>
    Effect.gen(function*() {
      const session = idling("1 hour")
      const used = usedAt(session, after("2 seconds"))
      yield* put(session)
      yield* touch(used, after("2 seconds"))
      yield* touch(usedAt(session, after("1 second")), after("3 seconds"))
      assert.deepStrictEqual(yield* get(session, after("3 seconds")), Option.some(used))
    }))

  it.effect("K20 activity of a session that is not there brings none", () =>
    Effect.gen(function*() {
      const session = sessionOf(newUser())
      yield* touch(session)
      yield* assertAbsent(session)
    }))

  it.effect("K21 activity does not resurrect an ended session, nor let a fill in", () =>
    Effect.gen(function*() {
      const session = sessionOf(newUser())
      yield* put(session)
      yield* fence([session])
      yield* touch(usedAt(session, after("1 second")), after("1 second"))
      yield* assertAbsent(session, after("1 second"))
      yield* fill(session, after("2 seconds"))
      yield* assertAbsent(session, after("2 seconds"))
    }))

  it.effect("K21 activity of a session that is over does nothing", () =>
    Effect.gen(function*() {
      const session = idling("10 seconds")
      yield* put(session)
      yield* touch(session, after("10 seconds"))
      yield* assertAbsent(session, after("10 seconds"))
    }))

  it.effect("K22 activity with the old secret does not turn a rotation back", () =>
    Effect.gen(function*() {
      const session = sessionOf(newUser())
      yield* put(session)
      yield* put(rotated(session), [], after("1 second"))
      yield* touch(usedAt(session, after("2 seconds")), after("2 seconds"))
      assert.deepStrictEqual(yield* get(session, after("2 seconds")), Option.some(rotated(session)))
      assert.deepStrictEqual(yield* get(session, after("8 seconds")), Option.some(rotated(session)))
    }))

  it.effect("K22 activity recorded from a copy from before the session was trusted does not take the trust back", () =>
    Effect.gen(function*() {
      for (const userId of [newUser(), UserId.make(newId())]) {
        for (const rotation of [0, 63]) {
          const session = CachedSession.make({ ...sessionOf(userId), rotation })
          yield* put(session)
          yield* touch(trusting(session), after("1 second"))
          const used = usedAt(session, after("2 seconds"))
          yield* touch(used, after("2 seconds"))
          assert.deepStrictEqual(yield* get(session, after("2 seconds")), Option.some(trusting(used)))
          assert.deepStrictEqual(yield* get(session, after("8 seconds")), Option.some(trusting(used)))
        }
      }
    }))

  it.effect("K22 a rotation from before the session was trusted, cached after that, does not take the trust back", () =>
    Effect.gen(function*() {
      for (const userId of [newUser(), UserId.make(newId())]) {
        const session = sessionOf(userId)
        const replaced = CachedSession.make({ ...rotated(session), rotation: 1 })
        yield* put(session)
        yield* put(trusting(replaced), [], after("1 second"))
        yield* put(replaced, [], after("2 seconds"))
        assert.deepStrictEqual(yield* get(session, after("2 seconds")), Option.some(trusting(replaced)))
        assert.deepStrictEqual(yield* get(session, after("8 seconds")), Option.some(trusting(replaced)))
      }
    }))

  it.effect("K22 a fill with the old secret does not turn a rotation back", () =>
    Effect.gen(function*() {
      const session = sessionOf(newUser())
      yield* put(rotated(session), [], after("1 second"))
      yield* fill(session, after("2 seconds"))
      assert.deepStrictEqual(yield* get(session, after("2 seconds")), Option.some(rotated(session)))
      assert.deepStrictEqual(yield* get(session, after("8 seconds")), Option.some(rotated(session)))
    }))
}
