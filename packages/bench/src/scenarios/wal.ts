/** How much write-ahead log a login leaves. */
import { Client } from "pg"
import { fibers } from "../Load.ts"
import { logins } from "../Logins.ts"
import { summary } from "../Rounds.ts"
import type { BenchEnv, Measured, Mode, Scenario } from "../Scenario.ts"
import { seeded } from "../Seed.ts"
import { createNext, openSojourn } from "../SojournSide.ts"

interface Case {
  readonly name: string
  readonly title: string
  readonly maxSessions: number
  readonly concurrency: number
  readonly target?: { readonly atMost: number }
}

const cases: ReadonlyArray<Case> = [
  { name: "evicting 64", title: "evicting, 64 at once", maxSessions: 5, concurrency: 64, target: { atMost: 1450 } },
  {
    name: "not evicting 64",
    title: "not evicting, 64 at once",
    maxSessions: 1000,
    concurrency: 64,
    target: { atMost: 950 }
  },
  { name: "evicting 1", title: "evicting, one at a time", maxSessions: 5, concurrency: 1 },
  { name: "not evicting 1", title: "not evicting, one at a time", maxSessions: 1000, concurrency: 1 }
]

interface Records {
  readonly relation: string
  readonly record: string
  readonly records: number
  readonly bytes: number
  readonly images: number
}

/** The records of sessions and their events, and those without a place, such as commits, of the same transactions. */
const records = `
  WITH record AS MATERIALIZED (
    SELECT xid::text AS xid, resource_manager || ' ' || record_type AS record, fpi_length, end_lsn - start_lsn AS bytes,
      substring(block_ref FROM 'rel \\d+/(\\d+)/') AS database, substring(block_ref FROM 'rel \\d+/\\d+/(\\d+)') AS node
    FROM pg_get_wal_records_info($1, $2)
  ), placed AS MATERIALIZED (
    SELECT relfilenode::text AS node, (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS database,
      relname FROM pg_class WHERE relname LIKE 'session%'
  ), writer AS MATERIALIZED (
    SELECT DISTINCT xid FROM record JOIN placed USING (node, database) WHERE xid <> '0'
  )
  SELECT coalesce(relname, '-') AS relation, record, count(*)::float AS records,
    sum(bytes - fpi_length)::float AS bytes, sum(fpi_length)::float AS images
  FROM record LEFT JOIN placed USING (node, database) LEFT JOIN writer w USING (xid)
  WHERE relname IS NOT NULL OR w.xid IS NOT NULL
  GROUP BY 1, 2 ORDER BY 4 DESC`

const rounded = (value: number) => Number(value.toPrecision(4))

const measure = async (env: BenchEnv, mode: Mode, of: Case): Promise<ReadonlyArray<Measured>> => {
  const { count, creates } = mode === "full" ? { count: 7, creates: 4000 } : { count: 5, creates: 500 }
  const users = 1000
  const url = await seeded(env, { users, maxSessions: of.maxSessions, sessions: 5 })
  const client = new Client({ connectionString: url })
  await client.connect()
  const position = async () =>
    (await client.query<{ lsn: string }>("SELECT pg_current_wal_flush_lsn()::text AS lsn")).rows[0]!.lsn
  const sojourn = await openSojourn(env, url)
  const next = createNext(logins(users))
  const run = (operations: number, concurrency: number) => {
    let left = operations
    return fibers(sojourn.context, next)(concurrency, () => left-- > 0, () => {})
  }
  try {
    if ((await client.query("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_walinspect'")).rowCount === 0) {
      return []
    }
    await client.query("CREATE EXTENSION pg_walinspect")
    // The first change of a page after a checkpoint logs the page: let that be over for most of them.
    await client.query("CHECKPOINT")
    await run(3 * users, 64)
    const rounds: Array<ReadonlyArray<Records>> = []
    for (let nth = 0; nth < count; nth++) {
      const from = await position()
      await run(creates, of.concurrency)
      rounds.push((await client.query<Records>(records, [from, await position()])).rows)
    }
    const total = (rows: ReadonlyArray<Records>, what: "bytes" | "images") =>
      rows.reduce((sum, row) => sum + row[what], 0) / creates
    const images = summary(rounds.map((rows) => total(rows, "images"))).median
    return [{
      name: `wal ${of.name}`,
      title: `write-ahead log per create, ${of.title}`,
      ...(of.target === undefined ? {} : { target: of.target }),
      unit: "bytes",
      ...summary(rounds.map((rows) => total(rows, "bytes"))),
      details: rounds.at(-1)!.filter(({ bytes }) => bytes / creates >= 1).map((row) => ({
        relation: row.relation,
        record: row.record,
        "records per create": rounded(row.records / creates),
        "bytes per create": rounded(row.bytes / creates),
        "images, bytes per create": rounded(row.images / creates)
      })),
      note:
        `Records of the sessions and their events alone, with their headers. Full-page images, which every page costs once after a ` +
        `checkpoint, are not in it: another ${Math.round(images)} bytes a create here.`
    }]
  } finally {
    await sojourn.close()
    await client.end()
  }
}

/** Nothing where `pg_walinspect` (PostgreSQL 15, contrib) is missing: without it others' records cannot be told apart. */
export const wal: Scenario = {
  name: "wal",
  run: async (env, mode) => {
    const measured: Array<Measured> = []
    const chosen = mode === "full" ? cases : cases.filter(({ target }) => target !== undefined)
    for (const of of chosen) measured.push(...await measure(env, mode, of))
    return measured
  }
}
