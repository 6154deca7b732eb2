/** Databases with Sojourn's tables, users, and sessions from before. The same for every side that uses these tables. */
import { Database, Migrations } from "@sojourn/postgres"
import { Effect, Redacted } from "effect"
import { Client } from "pg"
import { userIdSql } from "./Logins.ts"
import type { BenchEnv } from "./Scenario.ts"

export interface Seed {
  readonly users: number
  /** The limit of each of them. */
  readonly maxSessions: number
  /** How many active sessions each of them has. */
  readonly sessions: number
}

/** Users of whom every login ends a session. */
export const atTheLimit: Seed = { users: 5_000, maxSessions: 5, sessions: 5 }

/** A UUIDv7, the time of its creation before pseudo-random bits. */
const sessionId = `(
  lpad(to_hex((extract(epoch FROM c.created_at) * 1000)::bigint), 12, '0') || '7' || substr(c.hash, 1, 3) ||
  '8' || substr(c.hash, 4, 15)
)::uuid`

const statements = ({ maxSessions, sessions, users }: Seed) => [
  `INSERT INTO sojourn.users (id, tier, max_sessions)
    SELECT ${userIdSql("n")}, 'plus', ${maxSessions} FROM generate_series(0, ${users - 1}) n`,
  `INSERT INTO sojourn.sessions (
      id, user_id, secret_hash, device, location, ip_address, last_ip_address, user_agent,
      created_at, last_activity_at, expires_at
    )
    SELECT ${sessionId}, c.user_id, sha256(c.hash::bytea),
      '["Chrome on macOS","desktop","Chrome","148.0.0.0","macOS","10.15.7"]', '["DE"]', '80.67.16.8', '80.67.16.8',
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 ' ||
        'Safari/537.36',
      c.created_at, c.created_at, c.created_at + interval '30 days'
    FROM (
      SELECT ${userIdSql("u")} AS user_id, md5('session ' || u || ' ' || s) AS hash,
        date_trunc('milliseconds', now()) - interval '1 day' - s * interval '1 hour' - u * interval '1 millisecond'
          AS created_at
      FROM generate_series(1, ${sessions}) s, generate_series(0, ${users - 1}) u
    ) c`
]

/** The URL of a fresh database with all that in it, analyzed. */
export const seeded = async (env: BenchEnv, seed: Seed): Promise<string> => {
  const url = await env.freshDatabase()
  await Effect.runPromise(Effect.provide(Migrations.run({}), Database.layer({ url: Redacted.make(url) })))
  const client = new Client({ connectionString: url })
  await client.connect()
  for (const statement of statements(seed)) await client.query(statement)
  await client.query("VACUUM ANALYZE")
  await client.end()
  return url
}
