import { assert, it } from "@effect/vitest"
import { lines } from "@sojourn/cli/ndjson"
import { Effect, Schema, Stream } from "effect"

const Pieces = Schema.Array(Schema.Literals(["a", "bb", "é", "\n", "\n\n", "\r\n"]))
const Size = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 7 }))

/** The bytes in chunks of this size, cut wherever that falls. */
const inChunks = (bytes: Uint8Array, size: number) =>
  Stream.fromIterable(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size))
  )

it.effect.prop(
  "lines do not depend on how the bytes arrive",
  { pieces: Pieces, size: Size },
  ({ pieces, size }) =>
    Effect.gen(function*() {
      const text = pieces.join("")
      const found = yield* Stream.runCollect(lines(1000)(inChunks(Buffer.from(text), size)))
      const expected = text.split("\n")
      if (expected.at(-1) === "") expected.pop()
      assert.deepStrictEqual(
        found.map(({ bytes, number }) => [number, Buffer.from(bytes ?? []).toString()]),
        expected.map((line, at) => [at + 1, line])
      )
    })
)

it.effect("a line that is too long is dropped as it arrives, and the next one is whole again", () =>
  Effect.gen(function*() {
    const text = `${"x".repeat(10)}\n${"y".repeat(11)}\nz\n${"w".repeat(500)}`
    const found = yield* Stream.runCollect(lines(10)(inChunks(Buffer.from(text), 4)))
    assert.deepStrictEqual(
      found.map(({ bytes, number }) => [number, bytes === undefined ? undefined : Buffer.from(bytes).toString()]),
      [[1, "x".repeat(10)], [2, undefined], [3, "z"], [4, undefined]]
    )
  }))
