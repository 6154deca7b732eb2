import { assert, describe, it } from "@effect/vitest"
import { Instant } from "@sojourn/core"
import { instantAt } from "@sojourn/core/Instant"
import { DateTime, Duration, Equal, Hash, Option, Schema } from "effect"
import nodeAssert from "node:assert"
import { inspect } from "node:util"

const decode = Schema.decodeUnknownOption(Schema.toCodecJson(Instant))

describe("Instant", () => {
  it.each(["1970-01-01T00:00:00.000Z", "2026-03-01T12:00:00.123Z", "2199-12-31T23:59:59.999Z"])("%s", (text) => {
    assert.deepStrictEqual(Option.map(decode(text), DateTime.formatIso), Option.some(text))
  })

  it.each([
    "1969-12-31T23:59:59.999Z",
    "2200-01-01T00:00:00.000Z",
    "9999-12-31T00:00:00.000Z",
    "yesterday",
    "",
    0,
    null
  ])(
    "refuses %s",
    (value) => assert.deepStrictEqual(decode(value), Option.none())
  )

  it("that is made without Effect's constructor is what that makes", () => {
    const millis = Date.UTC(2026, 2, 1, 12, 0, 0, 123)
    const [ours, theirs] = [instantAt(millis), DateTime.makeUnsafe(millis)]
    nodeAssert.deepStrictEqual(ours, theirs)
    assert.isTrue(DateTime.isUtc(ours) && Equal.equals(ours, theirs) && Equal.equals(theirs, ours))
    assert.strictEqual(Hash.hash(ours), Hash.hash(theirs))
    assert.deepStrictEqual([JSON.stringify(ours), String(ours), inspect(ours)], [
      JSON.stringify(theirs),
      String(theirs),
      inspect(theirs)
    ])
    for (
      const use of [
        DateTime.toPartsUtc,
        DateTime.toDateUtc,
        DateTime.startOf("month"),
        DateTime.add({ months: 1 }),
        DateTime.addDuration(Duration.days(1)),
        DateTime.setZone(DateTime.zoneMakeOffset(3_600_000))
      ]
    ) nodeAssert.deepStrictEqual(use(ours), use(theirs))
  })
})
