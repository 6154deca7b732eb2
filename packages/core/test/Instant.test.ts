import { assert, describe, it } from "@effect/vitest"
import { Instant } from "@sojourn/core"
import { DateTime, Option, Schema } from "effect"

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
})
