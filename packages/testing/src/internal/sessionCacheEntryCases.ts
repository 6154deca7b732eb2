/** What is put is found again, for as long as it may be. */
import { assert, type Vitest } from "@effect/vitest"
import { CachedSession, type SessionCache, UserId } from "@sojourn/core"
import { Duration, Effect, Option, Schema } from "effect"
import {
  after,
  assertAbsent,
  beforeTheEndOf,
  type Bounds,
  fill,
  fresh,
  generated,
  get,
  index,
  newUser,
  put,
  sessionOf
} from "./sessionCacheGiven.ts"

/** Names of devices and places; most can be user ids, too. */
const oddTexts = [
  { what: "an address", text: "a@example.org" },
  { what: "braces", text: "{a}:b}{" },
  { what: "quotes", text: "\"quoted\\ 'and' \u2028 more\"" },
  { what: "right to left", text: "مستخدم‏-١" },
  { what: "joined characters", text: "e\u0301 é 👩‍👩‍👧‍👦" },
  { what: "noncharacters", text: "\ufeff\uffff\u{10ffff}" },
  { what: "the longest user id", text: "漢".repeat(255) },
  { what: "nothing", text: "" },
  { what: "a protocol's own characters", text: "\u0000\r\n$5\r\n" },
  { what: "halves of surrogate pairs", text: "\ud83d and \ude00" }
]

export const sessionCacheEntryCases = (it: Vitest.MethodsNonLive<SessionCache>, { bound, total }: Bounds): void => {
  const withinBound = Duration.subtract(bound, Duration.millis(1))

  it.effect.prop("K1 K6 put and get keep every field", generated, (values) =>
    Effect.gen(function*() {
      const session = fresh(values)
      const now = beforeTheEndOf(session, withinBound)
      yield* put(session, [], now)
      assert.deepStrictEqual(yield* get(session, now), Option.some(session))
    }), { arbitrary: { runs: 200 } })

  it.effect.prop("K1 K6 fill and get keep every field", generated, (values) =>
    Effect.gen(function*() {
      const session = fresh(values)
      const now = beforeTheEndOf(session, withinBound)
      yield* fill(session, now)
      assert.deepStrictEqual(yield* get(session, now), Option.some(session))
    }), { arbitrary: { runs: 100 } })

  it.effect.each(oddTexts)("K1 K6 put and get keep $what", ({ text }) =>
    Effect.gen(function*() {
      const session = CachedSession.make({
        ...sessionOf(Schema.is(UserId)(text) ? text : newUser()),
        deviceName: Option.some(text),
        locationName: Option.some(text)
      })
      yield* put(session)
      assert.deepStrictEqual(yield* get(session), Option.some(session))
      assert.include(yield* index(session.userId), session.id)
    }))

  it.effect("K2 what was never put is not there", () => assertAbsent(sessionOf(newUser())))

  it.effect.prop(
    "K3 an entry lives until its session is no longer active, and no longer",
    generated,
    (values) =>
      Effect.gen(function*() {
        const session = fresh(values)
        yield* put(session, [], beforeTheEndOf(session, withinBound))
        assert.isTrue(Option.isSome(yield* get(session, beforeTheEndOf(session, "1 millis"))))
        assert.deepStrictEqual(yield* get(session, session.activeUntil), Option.none())
      }),
    { arbitrary: { runs: 50 } }
  )

  it.effect("K4 an entry lives for the staleness bound, and no longer", () =>
    Effect.gen(function*() {
      const session = sessionOf(newUser())
      yield* put(session)
      assert.isTrue(Option.isSome(yield* get(session, after(withinBound))))
      assert.deepStrictEqual(yield* get(session, after(total)), Option.none())
    }))

  it.effect("K4 filling what is there already does not prolong it", () =>
    Effect.gen(function*() {
      const session = sessionOf(newUser())
      yield* put(session)
      yield* fill(session, after(withinBound))
      assert.deepStrictEqual(yield* get(session, after(total)), Option.none())
    }))

  it.effect("K4 a session that is over is not kept, but those that it ended are fenced", () =>
    Effect.gen(function*() {
      const user = newUser()
      const [over, ended] = [sessionOf(user, "1 minute"), sessionOf(user)]
      yield* put(ended)
      yield* put(over, [ended.id], after("1 minute"))
      yield* fill(over, after("1 minute"))
      assert.deepStrictEqual(yield* get(over), Option.none())
      assert.deepStrictEqual(yield* index(user), [])
      assert.deepStrictEqual(yield* get(ended), Option.none())
    }))
}
