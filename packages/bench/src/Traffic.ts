/** What this process says to the servers and hears from them: counted at its sockets, for every driver alike. */
import { Socket } from "node:net"
import type { BenchEnv } from "./Scenario.ts"

export interface Traffic {
  /** Writes to a socket of either server: what shares one shares the way there and back. */
  readonly roundTrips: number
  /** Of PostgreSQL. */
  readonly statements: number
  /** To and from both servers, of their protocols. */
  readonly bytes: number
}

interface Counted {
  readonly socket: Socket
  writes: number
  statements: number
}

const counted: Array<Counted> = []
let isCounting = true

/** For the connections of those who measure; `connect` opens its socket at once. */
export const uncounted = <A>(connect: () => A): A => {
  isCounting = false
  const connecting = connect()
  isCounting = true
  return connecting
}

const execute = "E".charCodeAt(0)
const query = "Q".charCodeAt(0)

/** `pg` writes whole messages: a byte that tells which, and four with the length of the rest. The first of all has none. */
const statementsIn = (chunk: unknown): number => {
  if (!Buffer.isBuffer(chunk) || chunk[0] === 0) return 0
  let statements = 0
  for (let at = 0; at + 5 <= chunk.length; at += 1 + chunk.readUInt32BE(at + 1)) {
    if (chunk[at] === execute || chunk[at] === query) statements++
  }
  return statements
}

const count = (socket: Socket) => {
  const of: Counted = { socket, writes: 0, statements: 0 }
  counted.push(of)
  const { _write: write, _writev: writev } = socket
  socket._write = function(chunk, encoding, callback) {
    of.writes++
    of.statements += statementsIn(chunk)
    write.call(this, chunk, encoding, callback)
  }
  socket._writev = function(chunks, callback) {
    of.writes++
    for (const { chunk } of chunks) of.statements += statementsIn(chunk)
    writev?.call(this, chunks, callback)
  }
}

const connect = Socket.prototype.connect
Socket.prototype.connect = function(this: Socket, ...args: ReadonlyArray<never>) {
  if (isCounting) count(this)
  return Reflect.apply(connect, this, args)
}

const portOf = (url: string, standard: number) => Number(new URL(url).port || standard)

/** Since the process began. */
export const traffic = (env: BenchEnv): Traffic => {
  const postgres = portOf(env.postgresUrl, 5432)
  const redis = portOf(env.redisUrl, 6379)
  let total: Traffic = { roundTrips: 0, statements: 0, bytes: 0 }
  for (const { socket, statements, writes } of counted) {
    const isPostgres = socket.remotePort === postgres
    if (!isPostgres && socket.remotePort !== redis) continue
    total = {
      roundTrips: total.roundTrips + writes,
      statements: total.statements + (isPostgres ? statements : 0),
      bytes: total.bytes + socket.bytesWritten + socket.bytesRead
    }
  }
  return total
}
