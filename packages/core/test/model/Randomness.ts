/** Secrets, ids and hashes that cost little: as unlike each other as real ones, but drawn from the dice. */
import { Effect } from "effect"
import { Digest } from "effect/crypto"
import { createHash } from "node:crypto"
import type { Dice } from "./Dice.ts"

export const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest()

/** As the real one, but at once: whoever waits for a promise leaves the machine. */
export const digest = Digest.Digest.of({
  digest: (_algorithm, data) => Effect.sync(() => new Uint8Array(sha256(data))),
  digestHex: (_algorithm, data) => Effect.sync(() => sha256(data).toString("hex"))
})

export const randomBytes = (dice: Dice, size: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  let word = 0
  for (let at = 0; at < size; at++) {
    word = at % 4 === 0 ? dice.roll(4_294_967_296) : word >>> 8
    bytes[at] = word
  }
  return bytes
}
