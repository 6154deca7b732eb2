import { assert, describe, it } from "@effect/vitest"
import { CachedSession, UserId } from "@sojourn/core"
import { hasHash, hasSecretOf, makeToEntry, toSession } from "@sojourn/core/FrontEntry"
import { noHash } from "@sojourn/core/MatchSecret"
import * as Fixtures from "@sojourn/testing/Fixtures"
import * as Generators from "@sojourn/testing/Generators"
import { DateTime, Duration, Equal, Option, Schema } from "effect"
import { isDeepStrictEqual } from "node:util"

const toEntry = makeToEntry()
const again = (session: CachedSession) => toSession(session.id, toEntry(session, 0))
const encode = Schema.encodeSync(CachedSession)

const assertSame = (kept: CachedSession, session: CachedSession) => {
  assert.instanceOf(kept, CachedSession)
  assert.isTrue(isDeepStrictEqual(kept, session), JSON.stringify([kept, session]))
  assert.isTrue(Equal.equals(kept, session))
  assert.deepStrictEqual(encode(kept), encode(session))
  assert.isTrue(DateTime.Equivalence(kept.activeUntil, session.activeUntil))
}

const named = (name: string) =>
  toEntry(CachedSession.make({ ...Fixtures.cachedSession(), deviceName: Option.some(name) }), 0).deviceName

const first = DateTime.makeUnsafe(0)
const last = DateTime.makeUnsafe("2199-12-31T23:59:59.999Z")
const longest = Duration.days(7_300)

describe("FrontEntry", () => {
  it.prop("K1 what is kept is the session itself, every field of it", { session: Generators.cachedSession }, (
    { session }
  ) => assertSame(again(session), session), { arbitrary: { runs: 500 } })

  it.each([
    { why: "the first instant", createdAt: first, lastActivityAt: first, expiresAt: first },
    { why: "the last instant", createdAt: last, lastActivityAt: last, expiresAt: last },
    { why: "all of the time", createdAt: first, lastActivityAt: last, expiresAt: last },
    { why: "times backwards", createdAt: last, lastActivityAt: first, expiresAt: first },
    { why: "one millisecond", createdAt: first, lastActivityAt: DateTime.makeUnsafe(1), expiresAt: last }
  ])("K1 $why", ({ createdAt, expiresAt, lastActivityAt }) => {
    for (const idleTimeout of [Option.none(), Option.some(Duration.millis(1)), Option.some(longest)]) {
      for (const rotation of [0, 1, 63]) {
        for (const trusted of [false, true]) {
          const session = CachedSession.make({
            ...Fixtures.cachedSession(),
            createdAt,
            lastActivityAt,
            expiresAt,
            idleTimeout,
            rotation,
            trusted
          })
          assertSame(again(session), session)
        }
      }
    }
  })

  it("K1 user ids and names of any writing", () => {
    for (const text of ["é", "ユーザー", "👩💻", "0", "a".repeat(255), "5e".repeat(32)]) {
      const session = CachedSession.make({
        ...Fixtures.cachedSession(),
        userId: UserId.make(text),
        deviceName: Option.some(text),
        locationName: Option.some("")
      })
      assertSame(again(session), session)
    }
  })

  it("K4 what is shared among entries is equal, and bounded", () => {
    const one = named("one")
    assert.strictEqual(named(["o", "ne"].join("")), one)
    for (let nth = 0; nth < 1_000; nth++) assert.deepStrictEqual(named(`device ${nth}`), Option.some(`device ${nth}`))
    assert.notStrictEqual(named("one"), one)
    assert.deepStrictEqual(named("one"), one)
  })

  it.prop(
    "V11 an entry has the secret of its own session, and of no other",
    { one: Generators.cachedSession, other: Generators.cachedSession },
    ({ one, other }) => {
      assert.isTrue(hasSecretOf(toEntry(one, 0), one))
      assert.strictEqual(hasSecretOf(toEntry(one, 0), other), one.secretHash === other.secretHash)
      assert.isTrue(hasHash(toEntry(one, 0), one.secretHash))
      assert.strictEqual(hasHash(toEntry(one, 0), other.secretHash), one.secretHash === other.secretHash)
    }
  )

  it("V2 no entry has no secret, not even the one that it is compared with", () => {
    assert.isFalse(hasHash(undefined, noHash))
    assert.isFalse(hasHash(undefined, Fixtures.secretHash))
  })
})
