/** What a login costs PostgreSQL when its user has logged in and out for years. */
import { Client } from "pg"
import { fibers, load } from "../Load.ts"
import { logins } from "../Logins.ts"
import { details, ratio, rounds } from "../Rounds.ts"
import type { BenchEnv, Scenario } from "../Scenario.ts"
import { seeded } from "../Seed.ts"
import { createNext, openSojourn } from "../SojournSide.ts"

const each = 500

/** Ended sessions, the copies of active ones, in the order in which such sessions come: users in turn. */
const addEnded = async (url: string, count: number) => {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(
    `INSERT INTO sojourn.sessions (
      id, user_id, secret_hash, device, location, ip_address, last_ip_address, user_agent,
      created_at, last_activity_at, expires_at, ended_at, ended_reason, ended_by_kind
    )
    SELECT gen_random_uuid(), s.user_id, s.secret_hash, s.device, s.location, s.ip_address, s.ip_address, s.user_agent,
      s.created_at - n * interval '1 day', s.created_at - n * interval '1 day', s.expires_at - n * interval '1 day',
      s.created_at - n * interval '1 day' + interval '1 hour', 'session_limit_exceeded', 'system'
    FROM generate_series(${count}, 1, -1) n,
      (SELECT DISTINCT ON (user_id) * FROM sojourn.sessions ORDER BY user_id, created_at) s`
  )
  await client.query("VACUUM ANALYZE")
  await client.end()
}

const openWith = async (env: BenchEnv, users: number, ended: number) => {
  const url = await seeded(env, { users, maxSessions: 5, sessions: 5 })
  if (ended > 0) await addEnded(url, ended)
  return openSojourn(env, url)
}

export const history: Scenario = {
  name: "history",
  run: async (env, mode) => {
    // Enough users that those who begin without ended sessions do not get many of them meanwhile.
    const { count, millis, users } = mode === "full"
      ? { count: 7, millis: 800, users: 2000 }
      : { count: 5, millis: 250, users: 300 }
    const none = await openWith(env, users, 0)
    const many = await openWith(env, users, each)
    const sides = [`${each} ended`, "none"] as const
    const round = ({ context }: typeof none) => {
      const drive = fibers(context, createNext(logins(users)))
      return () => load(env, drive, 64, millis)
    }
    const results = await rounds([
      { name: sides[0], round: round(many) },
      { name: sides[1], round: round(none) }
    ], count)
    await none.close()
    await many.close()
    return [{
      name: "history",
      title: `create, 64 at once, evicting, with ${each} ended sessions a user against none: PostgreSQL CPU`,
      target: { atMost: 1.3 },
      unit: "ratio",
      ...ratio(results, sides[0], sides[1], "postgresMicros"),
      details: details(results),
      note: `${users.toLocaleString("en")} users. Evictions of the rounds themselves add to both histories.`
    }]
  }
}
