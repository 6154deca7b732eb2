/**
 * The least that a program can do for a login: Sojourn's statement and its command to Redis, for several logins at once as
 * Sojourn sends them, by plain functions and promises. It reads no device and no place, tells no errors, events or metrics,
 * and has no timeouts: what it reaches is what the servers and their drivers leave.
 */
import { PgTypes } from "@effect/sql-pg"
import type { SessionId, UserId } from "@sojourn/core"
import { evaluate } from "@sojourn/redis/RedisCall"
import * as SessionKeys from "@sojourn/redis/SessionKeys"
import { written } from "@sojourn/redis/SessionPut"
import * as SessionScripts from "@sojourn/redis/SessionScripts"
import { Brand, Result } from "effect"
import { Redis } from "ioredis"
import { createHash, randomBytes } from "node:crypto"
import { Pool } from "pg"
import { type Login, userAgents } from "../Logins.ts"
import type { BenchEnv } from "../Scenario.ts"
import { uuidV7 } from "./uuidV7.ts"

const { bytea, int8, text, timestamptz, uuid } = PgTypes.OID

const admit = {
  name: "bare admit",
  text: `SELECT login, outcome, evicted FROM sojourn.admit(
    false, 'evict-oldest', false, NULL::int8, $1::uuid[], $2::text[], $3::bytea[], $4::text[]::json[], $5::text[]::json[],
    $6::text[]::inet[], $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[], $11::int8[])`
}
const asUserId = Brand.nominal<UserId>()
const asSessionId = Brand.nominal<SessionId>()
const device = JSON.stringify(["Chrome on macOS", "desktop", "Chrome", "148.0.0.0", "macOS", "10.15.7"])
const location = JSON.stringify(["DE"])
const lifetimeMillis = 30 * 24 * 3_600_000
const boundMillis = 55_000

/** As many as Sojourn by default: logins in a statement, statements under way, logins that are worth one. */
const most = 32
const underWayAtMost = 2
const worthwhile = 8

/** As long as an entry of the cache is. */
const entry = Buffer.alloc(112, 1)

interface Waiting {
  readonly id: string
  readonly hash: Buffer
  readonly login: Login
  readonly done: (id: string) => void
}

/** In the binary format, which the driver has no arrays of. */
const column = (of: number, values: ReadonlyArray<unknown>) =>
  Buffer.from(Result.getOrThrow(PgTypes.encode(values, PgTypes.arrayOidFor(of)!)))

/** Until when it may be used, and since when it is there, where `SessionCodec` has them. */
const entryAt = (now: number) => {
  const bytes = Buffer.from(entry)
  bytes.writeUIntBE(now + boundMillis, 2, 6)
  bytes.writeUIntBE(now, 8, 6)
  return bytes
}

/** The logins are its own, of the same users in the same order as everybody's. */
export const openBare = (env: BenchEnv, databaseUrl: string) => {
  const pool = new Pool({ connectionString: databaseUrl, max: underWayAtMost })
  const redis = new Redis(env.redisUrl)
  const prefix = env.freshPrefix()
  const keys = SessionKeys.make(prefix)
  const keysOf = ({ id, login: { userId } }: Waiting, evicted: ReadonlyArray<string>) =>
    keys.ofUser(asUserId(userId), [id, ...evicted].map((id) => asSessionId(id)))
  const waiting: Array<Waiting> = []
  let underWay = 0

  const send = async (logins: ReadonlyArray<Waiting>) => {
    const now = Date.now()
    const all = (value: unknown) => logins.map(() => value)
    underWay++
    const { rows } = await pool.query({
      ...admit,
      values: [
        column(uuid, logins.map(({ id }) => id)),
        column(text, logins.map(({ login }) => login.userId)),
        column(bytea, logins.map(({ hash }) => hash)),
        column(text, all(device)),
        column(text, all(location)),
        column(text, logins.map(({ login }) => login.ipAddress)),
        column(text, all(userAgents[0])),
        column(text, all(null)),
        column(timestamptz, all(now)),
        column(timestamptz, all(now + lifetimeMillis)),
        column(int8, all(null))
      ]
    })
    underWay--
    sendSoon()
    const evictedFor = logins.map((): Array<string> => [])
    for (const { evicted, login, outcome } of rows) if (outcome === "evicted") evictedFor[login - 1]!.push(evicted)
    const value = entryAt(now)
    const puts = logins.map((login, nth) => ({
      keys: keysOf(login, evictedFor[nth]!),
      value,
      now,
      activeUntil: now + lifetimeMillis
    }))
    const failed = await evaluate(redis, SessionScripts.put, puts.flatMap(({ keys }) => keys), [
      String(2 * boundMillis),
      `${prefix}:bare`,
      written(puts)
    ])
    if (!Array.isArray(failed) || failed.length > 0) throw new Error(`Redis said ${failed}`)
    for (const { done, id } of logins) done(id)
  }

  const isFree = () => underWay < underWayAtMost
  /** When all have come that come now. */
  const sendSoon = () =>
    process.nextTick(() => {
      while (waiting.length > 0 && isFree()) {
        const share = underWay > 0 ? most : Math.max(worthwhile, Math.ceil(waiting.length / underWayAtMost))
        void send(waiting.splice(0, Math.min(share, most)))
      }
    })

  return {
    close: async () => {
      redis.disconnect()
      await pool.end()
    },
    create: (login: Login) =>
      new Promise<string>((done) => {
        const hash = createHash("sha256").update(randomBytes(32)).digest()
        if (waiting.push({ id: uuidV7(), hash, login, done }) === 1) sendSoon()
      })
  }
}
