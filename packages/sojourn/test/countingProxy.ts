/** A proxy on the loopback that counts what goes through: statements to PostgreSQL, commands to Redis. */
import { Effect } from "effect"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

/** Cuts the whole messages off the front of `buffer`: how many count, and how long they are together. */
type Count = (buffer: Buffer) => { readonly counted: number; readonly end: number }

const execute = 0x45
const query = 0x51

/** PostgreSQL's frontend messages: a statement is an Execute, or a simple Query. The start-up packet has no type. */
export const postgresStatements = (): Count => {
  let started = false
  return (buffer) => {
    let counted = 0
    let end = 0
    for (;;) {
      const lengthAt = end + (started ? 1 : 0)
      if (buffer.length < lengthAt + 4) return { counted, end }
      const next = lengthAt + buffer.readUInt32BE(lengthAt)
      if (buffer.length < next) return { counted, end }
      if (started && (buffer[end] === execute || buffer[end] === query)) counted++
      // A request for encryption (code 80877103) is answered before the start-up packet comes.
      if (!started && buffer.readUInt32BE(end + 4) !== 80877103) started = true
      end = next
    }
  }
}

/** What a connection does for itself, and the channel of a front cache whenever it likes. */
const uncounted = new Set(["client", "hello", "info", "ping", "subscribe"])

/** Redis's commands: arrays of bulk strings, of which the first is the name. */
export const redisCommands = (): Count => (buffer) => {
  let counted = 0
  let end = 0
  for (;;) {
    let at = end
    const line = () => {
      const stop = buffer.indexOf("\r\n", at)
      if (stop === -1) return undefined
      const text = buffer.toString("latin1", at + 1, stop)
      at = stop + 2
      return Number(text)
    }
    const parts = line()
    if (parts === undefined) return { counted, end }
    let name = ""
    for (let part = 0; part < parts; part++) {
      const length = line()
      if (length === undefined || buffer.length < at + length + 2) return { counted, end }
      if (part === 0) name = buffer.toString("latin1", at, at + length).toLowerCase()
      at += length + 2
    }
    if (!uncounted.has(name)) counted++
    end = at
  }
}

/** Listens on a free port in front of `url`; the same URL with that port, and what was counted so far. */
export const countingProxy = (url: string, count: () => Count) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly count: () => number; readonly close: () => void }>((resume) => {
      const target = new URL(url)
      const sockets = new Set<Socket>()
      let total = 0
      const server = createServer((client) => {
        const upstream = connect({ host: target.hostname, port: Number(target.port), noDelay: true })
        const parse = count()
        let rest = Buffer.alloc(0)
        client.on("data", (chunk) => {
          rest = Buffer.concat([rest, chunk])
          const { counted, end } = parse(rest)
          total += counted
          rest = rest.subarray(end)
        })
        client.pipe(upstream).pipe(client)
        for (const socket of [client, upstream]) sockets.add(socket.on("error", () => socket.destroy()))
      })
      server.listen(0, "127.0.0.1", () => {
        const proxied = new URL(url)
        proxied.port = String((server.address() as AddressInfo).port)
        const close = () => {
          server.close()
          sockets.forEach((socket) => socket.destroy())
        }
        resume(Effect.succeed({ url: proxied.href, count: () => total, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )
