/** Random bytes for many logins from one call to the operating system's generator. */
import { Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { randomFillSync } from "node:crypto"

/** Enough for the ids and secrets of 64 logins. */
const poolSize = 4096

/**
 * Draws from a pool that `fill` fills with random bytes, and fills again when it has too few left; larger requests are
 * filled by themselves. No byte is given twice, and one that was given is wiped from the pool at once.
 */
export const fromPool = (fill: (bytes: Uint8Array) => void): (size: number) => Uint8Array => {
  const pool = new Uint8Array(poolSize)
  let drawn = poolSize
  return (size) => {
    if (size > poolSize) {
      const bytes = new Uint8Array(size)
      fill(bytes)
      return bytes
    }
    if (drawn + size > poolSize) {
      fill(pool)
      drawn = 0
    }
    const bytes = pool.slice(drawn, drawn + size)
    pool.fill(0, drawn, drawn + size)
    drawn += size
    return bytes
  }
}

/**
 * `SecureRandom` from Node's secure generator (OpenSSL's), 4,096 bytes a call, as Node's own `randomUUID` draws its bytes.
 *
 * Each process and each worker thread has a pool of its own: those of `cluster`, `child_process.fork` and `Worker` begin
 * anew and share no bytes. Copies of a running process would: a snapshot of a virtual machine must be resumed only once.
 */
export const layer: Layer.Layer<SecureRandom.SecureRandom> = Layer.sync(
  SecureRandom.SecureRandom,
  () => SecureRandom.make(fromPool(randomFillSync))
)
