import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import { randomFillSync } from "node:crypto"
import { fromPool, layer } from "sojourn/SecureRandomPooled"

/** A source that fills with 1, 2, 3, …, four bytes a number, and remembers what it filled. */
const counting = () => {
  const filled: Array<Uint8Array> = []
  let next = 0
  const fill = (bytes: Uint8Array) => {
    filled.push(bytes)
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    for (let at = 0; at + 4 <= bytes.length; at += 4) view.setUint32(at, ++next)
  }
  return { fill, filled }
}

const numbers = (bytes: Uint8Array) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return Array.from({ length: bytes.length / 4 }, (_, at) => view.getUint32(at * 4))
}

/** Sizes as logins draw them, and some that do not divide the pool. */
const sizes = Array.from({ length: 1000 }, (_, at) => [16, 32, 16, 20, 100, 4092, 4096, 5000, 0][at % 9]!)

describe("a pool of random bytes", () => {
  it("no two draws share a byte, and each is as long as was asked", () => {
    const draw = fromPool(counting().fill)
    const draws = sizes.map((size) => draw(size))
    assert.deepStrictEqual(draws.map(({ length }) => length), sizes)
    const all = draws.flatMap(numbers)
    assert.strictEqual(new Set(all).size, all.length)
    assert.isFalse(all.includes(0))
  })

  it("a draw is as long as was asked, however little is left", () => {
    const draw = fromPool(counting().fill)
    const odd = Array.from({ length: 5000 }, (_, at) => [1, 7, 2, 16][at % 4]!)
    assert.deepStrictEqual(odd.map((size) => draw(size).length), odd)
  })

  it("bytes that were drawn are wiped from the pool, and none of the others", () => {
    const { fill, filled } = counting()
    const draw = fromPool(fill)
    const first = draw(32)
    const pool = filled[0]!
    draw(16)
    assert.deepStrictEqual(pool.slice(0, 48), new Uint8Array(48))
    assert.deepStrictEqual(numbers(pool.subarray(48, 56)), [13, 14])
    assert.deepStrictEqual(numbers(first), [1, 2, 3, 4, 5, 6, 7, 8])
  })

  it("a draw is a copy: to change it changes neither the pool nor other draws", () => {
    const { fill, filled } = counting()
    const draw = fromPool(fill)
    const first = draw(16)
    const second = draw(16)
    first.fill(255)
    assert.deepStrictEqual(numbers(second), [5, 6, 7, 8])
    assert.notStrictEqual(first.buffer, filled[0]!.buffer)
    assert.strictEqual(first.buffer.byteLength, 16)
  })

  it("one call fills for many draws; larger draws are filled by themselves", () => {
    const { fill, filled } = counting()
    const draw = fromPool(fill)
    for (let n = 0; n < 64 * 4; n++) draw(16)
    assert.strictEqual(filled.length, 1)
    draw(16)
    assert.strictEqual(filled.length, 2)
    assert.strictEqual(draw(4097), filled[2])
  })

  it("a source that fails gives no bytes, now or later", () => {
    let broken = true
    const draw = fromPool((bytes) => {
      if (broken) throw new Error("no entropy")
      randomFillSync(bytes)
    })
    assert.throws(() => draw(32), "no entropy")
    assert.throws(() => draw(32), "no entropy")
    broken = false
    assert.notDeepEqual(draw(32), new Uint8Array(32))
  })

  it.effect("secrets of the Layer are random, and so are its ids", () =>
    Effect.gen(function*() {
      const random = yield* SecureRandom.SecureRandom
      const secrets = yield* Effect.replicateEffect(random.randomBytes(32), 1000)
      assert.strictEqual(new Set(secrets.map((secret) => secret.join())).size, 1000)
      // Of 32,000 random bytes each value has some 125; none strays by 10 standard deviations.
      const counts = Array.from({ length: 256 }, () => 0)
      for (const byte of secrets.flatMap((secret) => Array.from(secret))) counts[byte]!++
      assert.isBelow(Math.max(...counts), 235)
      assert.isAbove(Math.min(...counts), 15)
      const ids = yield* Effect.replicateEffect(random.uuidV7(), 1000)
      assert.deepStrictEqual(ids, Array.from(new Set(ids)).toSorted())
    }).pipe(Effect.provide(layer)))
})
