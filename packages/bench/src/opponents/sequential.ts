/**
 * The classic flow, ported to the same tables: what a team writes with `pg` and `ioredis`, one awaited step after the
 * other. It checks the limit and ends one session, but does not hold it against logins at the same time; Sojourn does.
 */
import { Redis } from "ioredis"
import { type CountryResponse, type Reader, Reader as MmdbReader } from "maxmind"
import { createHash, randomBytes, randomUUID } from "node:crypto"
import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { Pool } from "pg"
import { lru } from "tiny-lru"
import UAParser from "ua-parser-js"
import type { Login } from "../Logins.ts"
import type { BenchEnv } from "../Scenario.ts"
import { uuidV7 } from "./uuidV7.ts"

const lifetimeSeconds = 30 * 24 * 3600

/** Both with the caches that Sojourn's enrichers have. */
const openEnrichers = async () => {
  const path = createRequire(import.meta.url).resolve(
    "@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb"
  )
  const countries: Reader<CountryResponse> = new MmdbReader(await readFile(path), { cache: lru(2_000) })
  const devices = lru<object>(10_000)
  return {
    device: (userAgent: string): object => {
      const known = devices.get(userAgent)
      if (known !== undefined) return known
      const { browser, device, os } = new UAParser(userAgent).getResult()
      const parsed = {
        name: `${browser.name} on ${os.name}`,
        kind: device.type ?? "desktop",
        browser: browser.name ?? null,
        browserVersion: browser.version ?? null,
        system: os.name ?? null,
        systemVersion: os.version ?? null
      }
      devices.set(userAgent, parsed)
      return parsed
    },
    location: (ipAddress: string) => {
      const found: unknown = countries.get(ipAddress)
      const country = typeof found === "object" && found !== null && "country_code" in found ? found.country_code : null
      return country === null ? null : { country, city: null }
    }
  }
}

const columns = `id, user_id, device, location, host(ip_address) AS ip_address,
  host(last_ip_address) AS last_ip_address, user_agent, refresh_token_id, created_at, last_activity_at, expires_at,
  idle_timeout_ms, trusted, suspicious_activity_count, ended_at, ended_reason, ended_by_kind, ended_by_id`

/** As the indexes of these tables want it. */
const ofUser = "hashtextextended(user_id, 0) = hashtextextended($1, 0) AND user_id = $1"

/** Named, so that `pg` prepares them once a connection. */
const statements = {
  user: `SELECT u.id, coalesce(u.max_sessions, t.max_sessions) AS max_sessions
    FROM sojourn.users u LEFT JOIN sojourn.tiers t ON t.name = u.tier WHERE u.id = $1`,
  count: `SELECT count(*)::int AS active FROM sojourn.sessions
    WHERE ${ofUser} AND ended_at IS NULL AND active_until > $2`,
  evict: `UPDATE sojourn.sessions
    SET ended_at = $2, ended_reason = 'session_limit_exceeded', ended_by_kind = 'system'
    WHERE id = (
      SELECT id FROM sojourn.sessions WHERE ${ofUser} AND ended_at IS NULL AND active_until > $2
      ORDER BY created_at LIMIT 1
    ) RETURNING id, device`,
  insert: `INSERT INTO sojourn.sessions (
      id, user_id, secret_hash, device, location, ip_address, last_ip_address, user_agent,
      created_at, last_activity_at, expires_at
    ) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $8, $9)`,
  event: `INSERT INTO sojourn.session_events (event_id, type, at, user_id, session_id, actor_kind, actor_id, data)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
  events: `INSERT INTO sojourn.session_events (event_id, type, at, user_id, session_id, actor_kind, actor_id, data)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8), ($9, $10, $11, $12, $13, $14, $15, $16)`,
  list: `SELECT ${columns} FROM sojourn.sessions WHERE ${ofUser} AND ended_at IS NULL AND active_until > $2
    ORDER BY created_at DESC, id DESC LIMIT 100`,
  // One count an index, as both indexes are partial.
  counts: `SELECT (l.total + e.total)::int AS total, l.active::int AS active
    FROM (
      SELECT count(*) AS total, count(*) FILTER (WHERE active_until > $2) AS active
      FROM sojourn.sessions WHERE ${ofUser} AND ended_at IS NULL
    ) l, (SELECT count(*) AS total FROM sojourn.sessions WHERE ${ofUser} AND ended_at IS NOT NULL) e`,
  find: `SELECT user_id, device, ended_at FROM sojourn.sessions WHERE id = $1`,
  end: `UPDATE sojourn.sessions
    SET ended_at = $2, ended_reason = 'logout', ended_by_kind = 'user', ended_by_id = $3
    WHERE id = $1 AND ended_at IS NULL`
}

/** A pool of ten connections, as Sojourn has; commands of one moment go to Redis together, as in Sojourn. */
export const openSequential = async (env: BenchEnv, databaseUrl: string) => {
  const pool = new Pool({ connectionString: databaseUrl, max: 10 })
  const redis = new Redis(env.redisUrl, { enableAutoPipelining: true })
  const prefix = env.freshPrefix()
  const enrichers = await openEnrichers()
  const query = (name: keyof typeof statements, values: ReadonlyArray<unknown>) =>
    pool.query({ name, text: statements[name], values: [...values] }).then(({ rows }) => rows)
  const sessionKey = (id: string) => `${prefix}:s:${id}`
  const indexKey = (userId: string) => `${prefix}:u:${userId}`

  return {
    close: async () => {
      redis.disconnect()
      await pool.end()
    },

    create: async ({ ipAddress, userAgent, userId }: Login) => {
      const device = enrichers.device(userAgent)
      const location = enrichers.location(ipAddress)
      const [user] = await query("user", [userId])
      if (user === undefined) throw new Error(`There is no user ${userId}`)
      const now = new Date()
      let evicted: { readonly id: string; readonly device: unknown } | undefined
      if (user.max_sessions !== null) {
        const [counted] = await query("count", [userId, now])
        if (counted.active >= user.max_sessions) [evicted] = await query("evict", [userId, now])
      }
      const id = uuidV7()
      const secret = randomBytes(32)
      const hash = createHash("sha256").update(secret).digest()
      const expiresAt = new Date(now.getTime() + lifetimeSeconds * 1000)
      await query("insert", [id, userId, hash, device, location, ipAddress, userAgent, now, expiresAt])
      const created = [randomUUID(), "SessionCreated", now, userId, id, "user", userId, {
        device,
        ipAddress,
        location,
        expiresAt
      }]
      if (evicted === undefined) await query("event", created)
      else {
        await query("events", [randomUUID(), "SessionEvicted", now, userId, evicted.id, "system", null, {
          reason: "session_limit_exceeded",
          device: evicted.device,
          evictedBy: id
        }, ...created])
      }

      const cached = JSON.stringify({
        id,
        userId,
        hash: hash.toString("hex"),
        createdAt: now,
        expiresAt,
        device,
        location
      })
      await redis.set(sessionKey(id), cached, "EX", 60)
      await redis.zadd(indexKey(userId), expiresAt.getTime(), id)
      if (evicted !== undefined) {
        await redis.del(sessionKey(evicted.id))
        await redis.zrem(indexKey(userId), evicted.id)
      }
      await redis.publish(`${prefix}:events`, JSON.stringify({ created: id, evicted: evicted?.id }))
      return { id, token: `${id}.${secret.toString("base64url")}`, device, location, expiresAt, evicted: evicted?.id }
    },

    list: async (userId: string) => {
      const now = new Date()
      const sessions = await query("list", [userId, now])
      const [counts] = await query("counts", [userId, now])
      return { sessions, ...counts }
    },

    revoke: async (id: string, userId: string) => {
      const [session] = await query("find", [id])
      if (session === undefined || session.user_id !== userId) throw new Error(`${userId} has no session ${id}`)
      if (session.ended_at !== null) return false
      const now = new Date()
      await query("end", [id, now, userId])
      await query("event", [randomUUID(), "SessionRevoked", now, userId, id, "user", userId, {
        reason: "logout",
        device: session.device,
        reuse: null
      }])
      await redis.del(sessionKey(id))
      await redis.zrem(indexKey(userId), id)
      await redis.publish(`${prefix}:events`, JSON.stringify({ revoked: id }))
      return true
    }
  }
}
