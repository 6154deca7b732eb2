import { assert, describe, it } from "@effect/vitest"
import {
  fromBase64Url,
  fromHex,
  hexOf,
  hexOfBase64Url,
  isUuidV7,
  toBase64Url,
  toHex16,
  uuidOf
} from "@sojourn/core/TokenText"
import { Arbitrary, Schema } from "effect"
import { Hex } from "effect/encoding"

const byte = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })))
const bytes = Arbitrary.map(
  Arbitrary.array(byte, { minLength: 0, maxLength: 40 }),
  (numbers) => Uint8Array.from(numbers)
)
const eighteen = Arbitrary.map(
  Arbitrary.array(byte, { minLength: 18, maxLength: 18 }),
  (numbers) => Uint8Array.from(numbers)
)

const hexOfText = (text: string, length: number) => {
  const digits = new Uint8Array(length)
  return hexOfBase64Url(text, 0, digits) ? digits : undefined
}
const textOf = (digits: Uint8Array | undefined) => String.fromCharCode(...digits!)
const base64Url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url")
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

describe("TokenText", () => {
  it.prop("V1 base64url is what others make of the bytes, and gives them again, wherever it stands", { bytes }, ({
    bytes
  }) => {
    const text = toBase64Url(bytes)
    assert.strictEqual(text, base64Url(bytes))
    assert.deepStrictEqual(fromBase64Url(`${text}.`, 0, bytes.length), bytes)
    assert.deepStrictEqual(fromBase64Url(`before${text}after`, 6, bytes.length), bytes)
  }, { arbitrary: { runs: 500 } })

  it.prop("V1 hexadecimal is what others make of the bytes", { bytes: eighteen }, ({ bytes }) => {
    const hex = Hex.encode(bytes)
    const digits = hexOfText(base64Url(bytes), 36)
    assert.strictEqual(textOf(digits), hex)
    assert.strictEqual(textOf(hexOf(bytes, 0, 18)), hex)
    assert.strictEqual(textOf(hexOf(bytes, 2, 3)), hex.slice(4, 10))
    assert.strictEqual(toHex16((bytes[0]! << 8) | bytes[1]!), hex.slice(0, 4))
    const uuid = hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
    assert.strictEqual(uuidOf(digits!), uuid)
    assert.deepStrictEqual(fromHex(uuid + hex.slice(32), 18), bytes)
    assert.strictEqual(isUuidV7(digits!), /^.{14}7.{4}[89ab]/.test(uuid))
  }, { arbitrary: { runs: 500 } })

  it("V2 every character that is not of base64url is refused, at every place", () => {
    for (let code = 0; code < 0x10000; code++) {
      const text = String.fromCharCode(code).repeat(4)
      const isGood = alphabet.includes(text[0]!)
      assert.strictEqual(fromBase64Url(text, 0, 3) !== undefined, isGood, text)
      assert.strictEqual(hexOfText(text, 6) !== undefined, isGood, text)
    }
    for (const stray of ["=", ".", "+", "/", " ", "\u{141}", "é", "\n"]) {
      for (let at = 0; at < 24; at++) {
        const text = "A".repeat(at) + stray + "A".repeat(23 - at)
        assert.isUndefined(fromBase64Url(text, 0, 18), text)
        assert.isUndefined(hexOfText(text, 36), text)
      }
    }
  })

  it("V2 a text that ends too soon is refused", () => {
    assert.isUndefined(fromBase64Url("AAA", 0, 3))
    assert.isUndefined(hexOfText("AAA", 6))
  })

  it("V2 the last character has no bits that belong to no byte", () => {
    for (const [at, letter] of Array.from(alphabet).entries()) {
      assert.strictEqual(fromBase64Url(`AA${letter}`, 0, 2) !== undefined, at % 4 === 0, letter)
      assert.strictEqual(fromBase64Url(`A${letter}`, 0, 1) !== undefined, at % 16 === 0, letter)
    }
  })
})
