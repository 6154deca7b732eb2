import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Layer, Schema } from "effect"
import { Digest } from "effect/crypto"
import { layer } from "sojourn/DigestOneShot"

const algorithms = [Digest.md5, Digest.sha1, Digest.sha256, Digest.sha384, Digest.sha512]
const bytes = Arbitrary.map(
  Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))), {
    maxLength: 200
  }),
  (numbers) => Uint8Array.from(numbers)
)

/** What a Layer makes of the bytes, with each algorithm. */
const allOf = (of: Layer.Layer<Digest.Digest>, data: Uint8Array) =>
  Effect.forEach(
    algorithms,
    (algorithm) =>
      Effect.flatMap(Digest.Digest, (digest) =>
        Effect.all([digest.digestHex(algorithm, data), digest.digest(algorithm, data)]))
  ).pipe(Effect.provide(of))

describe("DigestOneShot", () => {
  it.effect("V1 SHA-256 in hex (FIPS 180-4)", () =>
    Effect.gen(function*() {
      const digest = yield* Digest.Digest
      const hex = (text: string) => digest.digestHex(Digest.sha256, new TextEncoder().encode(text))
      assert.strictEqual(yield* hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
      assert.strictEqual(yield* hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }).pipe(Effect.provide(layer)))

  it.effect.prop("V1 the same as Node's Hash, and as WebCrypto", { bytes }, ({ bytes }) =>
    Effect.gen(function*() {
      const hashes = yield* allOf(layer, bytes)
      assert.deepStrictEqual(hashes, yield* allOf(NodeCrypto.layerDigest, bytes))
      assert.deepStrictEqual(hashes, yield* allOf(Digest.layerWebCrypto, bytes))
    }))

  it.effect("a part of a larger array is hashed alone, and what is done to it later changes nothing", () =>
    Effect.gen(function*() {
      const digest = yield* Digest.Digest
      const data = Uint8Array.from([0, 97, 98, 99, 0])
      const hashed = digest.digestHex(Digest.sha256, data.subarray(1, 4))
      data.fill(0)
      assert.strictEqual(yield* hashed, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }).pipe(Effect.provide(layer)))
})
