import { assert, describe, it } from "@effect/vitest"
import { CachedSession } from "@sojourn/core"
import { decode, encode, tombstone } from "@sojourn/redis/SessionCodec"
import * as Fixtures from "@sojourn/testing/Fixtures"
import * as Generators from "@sojourn/testing/Generators"
import { Schema } from "effect"

const session = Fixtures.cachedSession()
const until = 1_900_000_000_000
const Instant = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 7_258_118_399_999 }))

describe("SessionCodec", () => {
  it.prop(
    "K1 K6 reads what it wrote, every field",
    { any: Generators.cachedSession, until: Instant },
    ({ any, until }) => {
      assert.deepStrictEqual(decode(any.id, encode(any, until)), { session: any, until })
    },
    { arbitrary: { runs: 500 } }
  )

  it("K1 a value has at most 150 bytes for a usual session", () => {
    assert.isAtMost(encode(session, until).length, 150)
  })

  it("K26 a tombstone is no session", () => {
    assert.strictEqual(decode(session.id, Buffer.from(tombstone)), "tombstone")
  })

  it("K26 a value of another version cannot be read", () => {
    const bytes = encode(session, until)
    for (const version of [0, 2, 48, 123, 255]) {
      bytes[0] = version
      assert.strictEqual(decode(session.id, bytes), "unreadable")
    }
  })

  it("K26 a value that was cut off or has more behind it cannot be read", () => {
    const bytes = encode(session, until)
    for (let length = 0; length < bytes.length; length++) {
      assert.strictEqual(decode(session.id, bytes.subarray(0, length)), "unreadable")
    }
    assert.strictEqual(decode(session.id, Buffer.concat([bytes, Buffer.from("x")])), "unreadable")
  })

  it.prop("K26 arbitrary bytes cannot be read", { bytes: Schema.Uint8Array }, ({ bytes }) => {
    assert.strictEqual(decode(session.id, Buffer.from([1, ...bytes])), "unreadable")
  })

  it.prop("K26 a value with a damaged byte is a session or cannot be read, and never an error", {
    any: Generators.cachedSession,
    at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 })),
    byte: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))
  }, ({ any, at, byte }) => {
    const bytes = encode(any, until)
    bytes[at % bytes.length] = byte
    const found = decode(any.id, bytes)
    assert.isTrue(found === "unreadable" || (found !== "tombstone" && found.session instanceof CachedSession))
  }, { arbitrary: { runs: 500 } })
})
