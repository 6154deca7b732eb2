/** pgbench: what PostgreSQL does at most when each login is a statement of its own. */
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { userIdSql } from "../Logins.ts"

const run = promisify(execFile)

/** The statement that Sojourn sends, with one candidate of the size that the others send. */
const script = (users: number) => `
\\set user random(0, ${users - 1})
SELECT * FROM sojourn.admit(
  false, 'evict-oldest', false, NULL::bigint,
  ARRAY[gen_random_uuid()],
  ARRAY[${userIdSql(":user::bigint")}],
  ARRAY[sha256(int8send(:user::bigint))],
  ARRAY['["Chrome on macOS","desktop","Chrome","148.0.0.0","macOS","10.15.7"]'::json],
  ARRAY['["DE"]'::json],
  ARRAY['80.67.16.8'::inet],
  ARRAY['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36'],
  ARRAY[NULL::text],
  ARRAY[now()], ARRAY[now() + interval '30 days'], ARRAY[NULL::bigint]
);
`

/** Transactions in the best second, and how many there were in all. */
interface Ran {
  readonly perSecond: number
  readonly transactions: number
}

/**
 * 64 clients in two threads: `startSeconds` for all connections to start and to plan the statement, each for itself, then so
 * many seconds that count. Undefined where there is no pgbench.
 */
export const openPgbench = async (databaseUrl: string, users: number) => {
  if (await run("pgbench", ["--version"]).then(() => false, () => true)) return undefined
  const directory = await mkdtemp(join(tmpdir(), "sojourn-pgbench-"))
  const file = join(directory, "admit.sql")
  await writeFile(file, script(users))
  return {
    close: () => rm(directory, { recursive: true }),
    run: async (startSeconds: number, seconds: number): Promise<Ran> => {
      const { stderr, stdout } = await run("pgbench", [
        "-n",
        "-c",
        "64",
        "-j",
        "2",
        "-M",
        "prepared",
        "-T",
        // It tells nothing of the last one.
        String(startSeconds + seconds + 1),
        "-P",
        "1",
        "-f",
        file,
        databaseUrl
      ])
      const [, transactions] = /^number of transactions actually processed: (\d+)/m.exec(stdout) ?? []
      const started = [...stderr.matchAll(/^progress: [\d.]+ s, ([\d.]+) tps/gm)].slice(startSeconds)
      if (started.length === 0 || !/failed transactions: 0 /.test(stdout)) throw new Error(`pgbench said:\n${stdout}`)
      return { perSecond: Math.max(...started.map(([, tps]) => Number(tps))), transactions: Number(transactions) }
    }
  }
}
