/** A PostgreSQL connection whose server is a PGlite in this process. */
import type { PGlite } from "@electric-sql/pglite"
import { Duplex } from "node:stream"

const terminate = 0x58
const cancelRequest = 80877102

/** How many bytes of `buffer` are whole frontend messages. PGlite does not put parts together. */
const wholeMessages = (buffer: Buffer, started: boolean): number => {
  let end = 0
  for (let typed = started;; typed = true) {
    const lengthAt = end + (typed ? 1 : 0)
    if (buffer.length < lengthAt + 4) return end
    const next = lengthAt + buffer.readUInt32BE(lengthAt)
    if (buffer.length < next) return end
    end = next
  }
}

const isCancel = (messages: Buffer, started: boolean) =>
  !started && messages.length >= 8 && messages.readUInt32BE(4) === cancelRequest

/** What the driver takes for its socket. A request to cancel is dropped: a statement in this process cannot be. */
export const wire = (db: PGlite): Duplex => {
  let buffer = Buffer.alloc(0)
  let started = false
  return new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, callback) {
      buffer = Buffer.concat([buffer, chunk])
      const end = wholeMessages(buffer, started)
      const messages = buffer.subarray(0, end)
      buffer = buffer.subarray(end)
      if (end === 0 || messages[0] === terminate || isCancel(messages, started)) return callback()
      started = true
      db.execProtocolRaw(messages).then((answer) => {
        this.push(answer)
        callback()
      }, callback)
    },
    final(callback) {
      this.push(null)
      callback()
    }
  })
}
