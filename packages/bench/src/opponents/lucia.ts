/** The pair of queries by which Lucia, and what its authors now teach, validate a session. */
import { createHash } from "node:crypto"
import { Pool } from "pg"
import { userIdSql } from "../Logins.ts"
import type { BenchEnv } from "../Scenario.ts"

const day = 24 * 3600 * 1000

const setUp = (users: number) => [
  "CREATE TABLE app_user (id text PRIMARY KEY, name text NOT NULL)",
  `CREATE TABLE user_session (
    id text PRIMARY KEY, user_id text NOT NULL REFERENCES app_user (id), expires_at timestamptz NOT NULL
  )`,
  `INSERT INTO app_user SELECT ${userIdSql("n")}, 'User ' || n FROM generate_series(0, ${users - 1}) n`,
  `INSERT INTO user_session
    SELECT encode(sha256(('token ' || n)::bytea), 'hex'), ${userIdSql("n")}, now() + interval '10 days'
    FROM generate_series(0, ${users - 1}) n`,
  "VACUUM ANALYZE"
]

/** One session a user, each past the middle of its life, when validation extends it. */
export const openLucia = async (env: BenchEnv, users: number) => {
  const pool = new Pool({ connectionString: await env.freshDatabase(), max: 10 })
  for (const statement of setUp(users)) await pool.query(statement)
  return {
    close: () => pool.end(),
    tokenOf: (nth: number) => `token ${nth}`,
    /** `extend`: also the second query of the pair, which moves the expiry. */
    validate: async (token: string, extend: boolean) => {
      const id = createHash("sha256").update(token).digest("hex")
      const { rows: [row] } = await pool.query({
        name: "find",
        text: `SELECT s.id, s.user_id, s.expires_at, u.id AS uid, u.name
          FROM user_session s JOIN app_user u ON u.id = s.user_id WHERE s.id = $1`,
        values: [id]
      })
      if (row === undefined || row.expires_at.getTime() <= Date.now()) return undefined
      if (extend && row.expires_at.getTime() - Date.now() < 15 * day) {
        await pool.query({
          name: "extend",
          text: "UPDATE user_session SET expires_at = $2 WHERE id = $1",
          values: [id, new Date(Date.now() + 10 * day)]
        })
      }
      return row
    }
  }
}
