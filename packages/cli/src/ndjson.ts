/** Lines of a byte stream, in bounded memory whatever the stream holds. */
import { Stream } from "effect"

/** A line without its end, numbered from 1. `bytes` is undefined for a line that is too long. */
export interface Line {
  readonly number: number
  readonly bytes: Uint8Array | undefined
}

interface Unfinished {
  readonly number: number
  readonly maxBytes: number
  size: number
  parts: Array<Uint8Array>
}

const begin = (number: number, maxBytes: number): Unfinished => ({ number, maxBytes, size: 0, parts: [] })

const hold = (line: Unfinished, part: Uint8Array) => {
  line.size += part.length
  if (line.size > line.maxBytes) line.parts = []
  else if (part.length > 0) line.parts.push(part)
}

const finish = ({ maxBytes, number, parts, size }: Unfinished): Line => ({
  number,
  bytes: size > maxBytes ? undefined : Buffer.concat(parts)
})

const newline = 0x0a

/** Splits at line feeds. Of a line longer than `maxBytes` nothing is kept but its number. */
export const lines = (maxBytes: number) => <E, R>(self: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Line, E, R> =>
  Stream.mapAccum(
    self,
    () => begin(1, maxBytes),
    (line, chunk) => {
      const found: Array<Line> = []
      let from = 0
      for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
        hold(line, chunk.subarray(from, at))
        found.push(finish(line))
        line = begin(line.number + 1, maxBytes)
        from = at + 1
      }
      hold(line, chunk.subarray(from))
      return [line, found]
    },
    { onHalt: (line) => line.size > 0 ? [finish(line)] : [] }
  )
