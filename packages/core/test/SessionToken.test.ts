import { assert, describe, it } from "@effect/vitest"
import {
  hashSecret,
  isSameHash,
  makeToken,
  parseToken,
  RotationSalt,
  routingTag,
  SecretHash,
  SessionId,
  succeedSecret,
  UserId
} from "@sojourn/core"
import { Arbitrary, Effect, Option, Redacted, Schema } from "effect"
import { Digest } from "effect/crypto"
import { inspect } from "node:util"

const id = SessionId.make("019ca945-0a00-7a3b-8c1d-5e6f708192a3")
const alice = UserId.make("alice")
const secret = Uint8Array.from({ length: 32 }, (_, at) => at * 7)
const token = makeToken(id, alice, secret)
const text = "sjn1_AZypRQoAejuMHV5vcIGSo5TF.AAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK-2vcTL0tk"

const parses = (candidate: string) => Option.isSome(parseToken(Redacted.make(candidate)))

const bytes = Arbitrary.map(
  Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))), {
    minLength: 32,
    maxLength: 32
  }),
  (numbers) => Uint8Array.from(numbers)
)

describe("SessionToken", () => {
  it("has a fixed form", () => {
    assert.strictEqual(Redacted.value(token), text)
  })

  it.prop(
    "V1 what is put together is taken apart",
    { id: SessionId, userId: UserId, bytes },
    ({ bytes, id, userId }) => {
      const parts = Option.getOrThrow(parseToken(makeToken(id, userId, bytes)))
      assert.strictEqual(parts.sessionId, id)
      assert.strictEqual(parts.routingTag, routingTag(userId))
      assert.deepStrictEqual(Redacted.value(parts.secret), bytes)
    }
  )

  it.prop("V2 only the id of a UUIDv7 parses, whatever its bytes", { bytes }, ({ bytes }) => {
    for (const version of [bytes[6]!, 0x70, 0x7f, 0x60, 0x80]) {
      for (const variant of [bytes[8]!, 0x80, 0xbf, 0x7f, 0xc0]) {
        const id = bytes.slice(0, 18)
        id[6] = version
        id[8] = variant
        const hex = Buffer.from(id).toString("hex")
        const uuid = hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
        const parts = parseToken(Redacted.make(`sjn1_${Buffer.from(id).toString("base64url")}.${text.split(".")[1]}`))
        assert.strictEqual(Option.isSome(parts), Schema.is(SessionId)(uuid))
        if (Option.isNone(parts)) continue
        assert.strictEqual(parts.value.sessionId, uuid)
        assert.strictEqual(parts.value.routingTag, hex.slice(32))
      }
    }
  })

  it.prop("V2 garbage never parses", { garbage: Schema.String }, ({ garbage }) => {
    assert.isFalse(parses(garbage))
    assert.isFalse(parses(`sjn1_${garbage}`))
    assert.isFalse(parses(text + garbage) && garbage !== "")
  }, { arbitrary: { runs: 300 } })

  it.each([
    { why: "another prefix", candidate: text.replace("sjn1_", "sjn2_") },
    { why: "upper-case prefix", candidate: text.replace("sjn1_", "SJN1_") },
    { why: "white space before it", candidate: ` ${text}` },
    { why: "a line after it", candidate: `${text}\n` },
    { why: "no dot", candidate: text.replace(".", "") },
    { why: "a letter in place of the dot", candidate: text.replace(".", "A") },
    { why: "a short secret", candidate: text.slice(0, -1) },
    { why: "a long secret", candidate: `${text}A` },
    { why: "padding", candidate: `${text}=` },
    { why: "the alphabet of base64, not base64url", candidate: text.replace("-", "+") },
    { why: "an id that is no UUIDv7", candidate: `sjn1_${"A".repeat(24)}.${text.split(".")[1]}` },
    { why: "a megabyte", candidate: `sjn1_${"A".repeat(1_000_000)}` }
  ])("V2 refuses $why", ({ candidate }) => {
    assert.isFalse(parses(candidate))
  })

  it("V2 refuses a last character with stray bits: there is one token for a secret", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    const last = alphabet.indexOf(text.at(-1)!)
    assert.strictEqual(last % 4, 0)
    for (const stray of [1, 2, 3]) assert.isFalse(parses(text.slice(0, -1) + alphabet[last + stray]))
  })

  it("prints nothing of itself", () => {
    const parts = Option.getOrThrow(parseToken(token))
    for (const value of [token, { token }, parts, parts.secret]) {
      for (const shown of [String(value), JSON.stringify(value), inspect(value, { depth: 9 }), `${value}`]) {
        assert.notInclude(shown, text.split(".")[1]!)
        assert.notInclude(shown, "14, 21, 28")
      }
    }
    assert.include(String(token), "redacted")
  })

  it.effect("V1 the hash is SHA-256 in hex (FIPS 180-4: abc)", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* hashSecret(new TextEncoder().encode("abc")),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
      )
    }).pipe(Effect.provide(Digest.layerWebCrypto)))

  it("V2 hashes are the same only if all 64 digits are", () => {
    const hash = SecretHash.make("ab".repeat(32))
    assert.isTrue(isSameHash(hash, SecretHash.make("ab".repeat(32))))
    for (let at = 0; at < 64; at++) {
      assert.isFalse(isSameHash(hash, SecretHash.make(`${hash.slice(0, at)}0${hash.slice(at + 1)}`)), `digit ${at}`)
    }
  })

  it.effect("the successor of a secret follows from the secret and the salt, and from neither alone", () =>
    Effect.gen(function*() {
      const secrets = [1, 2].map((byte) => new Uint8Array(32).fill(byte))
      const salts = ["a", "b"].map((digit) => RotationSalt.make(digit.repeat(64)))
      const made = yield* Effect.forEach(
        secrets,
        (secret) => Effect.forEach(salts, (salt) => succeedSecret(secret, salt))
      )
      assert.strictEqual(new Set(made.flat().map((bytes) => bytes.join())).size, 4)
    }).pipe(Effect.provide(Digest.layerWebCrypto)))
})

describe("routingTag", () => {
  // Calculated apart from this code. They are part of every token that was ever given out.
  it.each([
    ["a", "cd20"],
    ["42", "0260"],
    ["alice", "94c5"],
    ["bob", "2612"],
    ["019845e1-682f-4b02-a706-3b2422d13aec", "bb79"],
    ["José", "ff46"],
    ["😀", "a5aa"]
  ])("of %s is %s for good", (userId, tag) => {
    assert.strictEqual(routingTag(UserId.make(userId)), tag)
  })
})
