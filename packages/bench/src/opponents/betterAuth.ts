/** better-auth, as its documentation sets it up. */
import { betterAuth } from "better-auth"
import { makeSignature } from "better-auth/crypto"
import { getMigrations } from "better-auth/db/migration"
import { Redis } from "ioredis"
import { Pool } from "pg"
import type { Login } from "../Logins.ts"
import { userIdSql } from "../Logins.ts"
import type { BenchEnv } from "../Scenario.ts"

const secret = "a secret that is long enough for a benchmark"

/** Its secondary storage over ioredis, commands of one moment together. */
const storage = (redis: Redis, prefix: string) => ({
  get: (key: string) => redis.get(`${prefix}:${key}`),
  getAndDelete: (key: string) => redis.getdel(`${prefix}:${key}`),
  increment: async (key: string, ttl: number) => {
    const count = await redis.incr(`${prefix}:${key}`)
    if (count === 1) await redis.expire(`${prefix}:${key}`, ttl)
    return count
  },
  set: async (key: string, value: string, ttl?: number) => {
    await (ttl === undefined ? redis.set(`${prefix}:${key}`, value) : redis.set(`${prefix}:${key}`, value, "EX", ttl))
  },
  delete: async (key: string) => {
    await redis.del(`${prefix}:${key}`)
  }
})

/**
 * - `PostgreSQL`: sessions in the database alone.
 * - `PostgreSQL + Redis`: in the database and, for reading, in Redis (`storeSessionInDatabase`).
 * - `Redis`: with sessions in Redis alone, which is its default once there is a secondary storage.
 */
export type Kind = "PostgreSQL" | "PostgreSQL + Redis" | "Redis"

/** Its cookie cache is off, which is its default: with it on, an ended session is accepted for minutes. */
export const openBetterAuth = async (env: BenchEnv, kind: Kind, users: number) => {
  const pool = new Pool({ connectionString: await env.freshDatabase(), max: 10 })
  const redis = new Redis(env.redisUrl, { enableAutoPipelining: true })
  const options = {
    database: pool,
    secret,
    baseURL: "http://localhost:3000",
    rateLimit: { enabled: false },
    logger: { level: "error" as const },
    ...kind === "PostgreSQL" ? {} : { secondaryStorage: storage(redis, env.freshPrefix()) },
    session: { storeSessionInDatabase: kind === "PostgreSQL + Redis" }
  }
  await (await getMigrations(options)).runMigrations()
  await pool.query(`INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
    SELECT ${userIdSql("n")}, 'User ' || n, 'user' || n || '@example.com', true, now(), now()
    FROM generate_series(0, ${users - 1}) n`)
  await pool.query("VACUUM ANALYZE")
  const auth = betterAuth(options)
  const context = await auth.$context

  const create = ({ ipAddress, userAgent, userId }: Login) =>
    context.internalAdapter.createSession(userId, false, { ipAddress, userAgent })

  return {
    close: async () => {
      redis.disconnect()
      await pool.end()
    },
    /** What its sign-in does once it knows the user: no password, no cookie, no request. */
    create,
    findSession: (token: string) => context.internalAdapter.findSession(token),
    getSession: (headers: Headers) => auth.api.getSession({ headers }),
    /** What a browser sends that holds this token. */
    headersOf: async (token: string) => {
      const signed = `${token}.${await makeSignature(token, secret)}`
      return new Headers({ cookie: `${context.authCookies.sessionToken.name}=${encodeURIComponent(signed)}` })
    }
  }
}
