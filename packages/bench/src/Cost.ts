/** What a stretch of work cost: CPU of this process, of PostgreSQL and of Redis, what was sent, and write-ahead log. */
import { Redis } from "ioredis"
import { readFileSync } from "node:fs"
import { Client } from "pg"
import type { BenchEnv } from "./Scenario.ts"
import { type Traffic, traffic, uncounted } from "./Traffic.ts"

/** Microseconds of CPU, user and system, bytes and counts; `NaN` where it could not be measured. */
export interface Cost extends Traffic {
  /** Of this process, all threads. */
  readonly nodeMicros: number
  /** Of the backends of the bench's databases. `NaN` unless the server's processes are on this machine. */
  readonly postgresMicros: number
  /** Of the whole server. */
  readonly redisMicros: number
  /** Of the whole server; those in a script count, too. */
  readonly redisCommands: number
  /** Of the whole server, full-page images included. */
  readonly walBytes: number
}

/** How often backends are looked at, for those that end meanwhile: of these the last such stretch is missed. */
const sampleMillis = 100

const read = (path: string) => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    // The process has ended.
    return undefined
  }
}

/** Nanoseconds where the kernel counts them, else clock ticks of 10 ms. */
const processMicros = (pid: number): number | undefined => {
  const nanos = Number(read(`/proc/${pid}/schedstat`)?.split(" ", 1)[0])
  if (nanos > 0) return nanos / 1000
  const stat = read(`/proc/${pid}/stat`)
  // The name in parentheses may hold spaces; user and system time are the 12th and 13th fields after it.
  const [user, system] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13) ?? []
  return user === undefined ? undefined : (Number(user) + Number(system)) * 10_000
}

/** The backends of databases that `freshDatabase` made. */
const backends = "SELECT pid, pg_current_wal_insert_lsn() - '0/0' AS lsn FROM pg_stat_activity " +
  "WHERE datname LIKE 'sojourn\\_bench\\_%' UNION ALL SELECT NULL, pg_current_wal_insert_lsn() - '0/0'"

const postgresMeter = async (url: string) => {
  const client = new Client({ connectionString: url })
  await uncounted(() => client.connect())
  const { rows: [own] } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")
  const isLocal = read(`/proc/${own?.pid}/comm`)?.startsWith("postgres") === true
  const before = new Map<number, number>()
  const latest = new Map<number, number>()
  const look = async (): Promise<number> => {
    const { rows } = await client.query<{ pid: number | null; lsn: string }>(backends)
    for (const { pid } of rows) {
      const micros = pid === null ? undefined : processMicros(pid)
      if (pid !== null && micros !== undefined) latest.set(pid, micros)
    }
    return Number(rows[0]?.lsn)
  }
  const lsn = await look()
  for (const [pid, micros] of latest) before.set(pid, micros)
  const timer = isLocal ? setInterval(look, sampleMillis) : undefined
  return async () => {
    clearInterval(timer)
    const walBytes = await look() - lsn
    await client.end()
    const used = [...latest].map(([pid, micros]) => micros - (before.get(pid) ?? 0))
    return { walBytes, postgresMicros: isLocal ? used.reduce((sum, micros) => sum + micros, 0) : Number.NaN }
  }
}

const redisMeter = async (url: string) => {
  const client = new Redis(url)
  const look = async () => {
    const info = await client.info("everything")
    const seconds = info.matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm)
    return {
      micros: [...seconds].reduce((sum, [, value]) => sum + Number(value), 0) * 1e6,
      commands: Number(/^total_commands_processed:(\d+)/m.exec(info)?.[1])
    }
  }
  const before = await look()
  return async () => {
    const { commands, micros } = await look()
    client.disconnect()
    // One of them is that which looked before.
    return { redisMicros: micros - before.micros, redisCommands: commands - before.commands - 1 }
  }
}

/** Begins to measure; what it gives tells the cost since then, once. The measuring itself is under 1 % of a core. */
export const cost = async (env: BenchEnv): Promise<() => Promise<Cost>> => {
  const [postgres, redis] = await Promise.all([postgresMeter(env.postgresUrl), redisMeter(env.redisUrl)])
  const sent = traffic(env)
  const cpu = process.cpuUsage()
  return async () => {
    const { system, user } = process.cpuUsage(cpu)
    const { bytes, roundTrips, statements } = traffic(env)
    const [ofPostgres, ofRedis] = await Promise.all([postgres(), redis()])
    return {
      nodeMicros: user + system,
      ...ofPostgres,
      ...ofRedis,
      roundTrips: roundTrips - sent.roundTrips,
      statements: statements - sent.statements,
      bytes: bytes - sent.bytes
    }
  }
}
