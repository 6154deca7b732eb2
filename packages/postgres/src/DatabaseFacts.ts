/** What an operator wants to know of a database: of the server, and of Sojourn's tables in it. */
import { Clock, DateTime, Effect } from "effect"
import { databaseError } from "./DatabaseError.ts"
import { schemaSql } from "./SchemaSql.ts"

/** Of a server that answers. */
export interface ServerFacts {
  /** As it names itself, such as `15.4 (Debian 15.4-1)`. */
  readonly version: string
  /** Whether it is PostgreSQL 14 or newer. */
  readonly isSupported: boolean
  /** Of the transactions that Sojourn opens. The limit needs `read committed`. */
  readonly isolation: string
  /** How many milliseconds its clock is ahead of this machine's, to some milliseconds; negative: behind. */
  readonly clockAheadMillis: number
}

export const server = Effect.gen(function*() {
  const { sql } = yield* schemaSql
  const asked = yield* Clock.currentTimeMillis
  const [row] = yield* sql<{ version: string; number: number; isolation: string; now: Date }>`
    SELECT current_setting('server_version') AS version, current_setting('server_version_num')::integer AS number,
      current_setting('transaction_isolation') AS isolation, clock_timestamp() AS now`
  const answered = yield* Clock.currentTimeMillis
  return {
    version: row!.version,
    isSupported: row!.number >= 140_000,
    isolation: row!.isolation,
    clockAheadMillis: Math.round(row!.now.getTime() - (asked + answered) / 2)
  } satisfies ServerFacts
}).pipe(Effect.mapError(databaseError("examine")))

/**
 * What of Sojourn's schema, as far as it is there, the database user may not use, by name. Asks the catalogs alone, which
 * everybody may read.
 */
export const denied = Effect.gen(function*() {
  const { schema, sql } = yield* schemaSql
  const rows = yield* sql<{ readonly name: string }>`
    SELECT 0 AS kind, 'schema ' || n.nspname AS name FROM pg_namespace n
    WHERE n.nspname = ${schema} AND NOT has_schema_privilege(n.oid, 'USAGE')
    UNION ALL
    SELECT 1, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ${schema} AND CASE c.relkind
        WHEN 'r' THEN NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
          AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
        WHEN 'v' THEN NOT has_table_privilege(c.oid, 'SELECT')
        WHEN 'S' THEN NOT (has_sequence_privilege(c.oid, 'USAGE') AND has_sequence_privilege(c.oid, 'SELECT'))
        ELSE false
      END
    UNION ALL
    SELECT 2, p.proname || '()' FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = ${schema} AND NOT has_function_privilege(p.oid, 'EXECUTE')
    ORDER BY 1, 2`
  return rows.map(({ name }) => name)
}).pipe(Effect.mapError(databaseError("examine")))

/** Whether sessions have been due for five minutes, though a sweep every 30 seconds ends them. */
export const isOverdue = Effect.gen(function*() {
  const { own, sql } = yield* schemaSql
  const before = DateTime.toDate(DateTime.subtract(yield* DateTime.now, { minutes: 5 }))
  const overdue = yield* sql`
    SELECT 1 FROM ${own("sessions")} WHERE ended_at IS NULL AND active_until <= ${before} LIMIT 1`
  return overdue.length > 0
}).pipe(Effect.mapError(databaseError("examine")))
