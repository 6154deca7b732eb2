import { assert, describe, it } from "@effect/vitest"
import { parseUserAgent, toPrintable, UserAgent } from "@sojourn/core"
import { Fixtures } from "@sojourn/testing"
import { Option, Schema } from "effect"

describe("UserAgent", () => {
  it.each(Object.values(Fixtures.userAgents))("C25 %s is kept as it is", (userAgent) => {
    assert.strictEqual<string>(Option.getOrThrow(parseUserAgent(userAgent)), userAgent)
  })

  it("C25 is cut to 1,024 characters", () => {
    const kept = Option.getOrThrow(parseUserAgent("x".repeat(5000)))
    assert.strictEqual(kept, "x".repeat(1024))
    assert.deepStrictEqual(parseUserAgent("x".repeat(1024)), Option.some("x".repeat(1024)))
  })

  it("C25 control characters are removed", () => {
    assert.deepStrictEqual(parseUserAgent("\u001b[2Jcurl\u0000/8\r\n.5\u0085.0\u007f"), Option.some("[2Jcurl/8.5.0"))
  })

  it("C25 a character is never cut in half", () => {
    const kept = Option.getOrThrow(parseUserAgent(`${"x".repeat(1023)}😀`))
    assert.strictEqual(kept, "x".repeat(1023))
    assert.deepStrictEqual(parseUserAgent(`${"x".repeat(1022)}😀`), Option.some(`${"x".repeat(1022)}😀`))
    assert.deepStrictEqual(parseUserAgent("a\ud83db\udc00c"), Option.some("abc"))
  })

  it.each(["", " ", "\t\r\n", "\u0000", "\ud83d"])("C25 nothing readable is none", (raw) => {
    assert.deepStrictEqual(parseUserAgent(raw), Option.none())
  })

  it("U3 a megabyte of anything costs no more than its first kilobyte", () => {
    for (const unit of ["x", "\u0000", "\ud83d", " "]) {
      const hostile = unit.repeat(1_000_000)
      // To read it puts it together: until then it is a tree of pieces.
      hostile.charCodeAt(0)
      // The shortest of several times: a busy machine may hold up any of them.
      const times = Array.from({ length: 6 }, () => {
        const started = performance.now()
        parseUserAgent(hostile)
        return performance.now() - started
      })
      assert.isBelow(Math.min(...times), 5)
    }
  })

  it.prop("C25 whatever is sent, what is kept is accepted by the schema, and by parsing again", {
    raw: Schema.String
  }, ({ raw }) => {
    const kept = parseUserAgent(raw)
    assert.isTrue(Option.match(kept, { onNone: () => toPrintable(raw, 1024) === "", onSome: Schema.is(UserAgent) }))
    assert.deepStrictEqual(Option.flatMap(kept, parseUserAgent), kept)
  }, { arbitrary: { runs: 300 } })
})
