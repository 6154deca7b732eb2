/** Brings the database to what this version needs: tables, indexes and functions in a schema of their own. */
import { Effect, Layer, Option } from "effect"
import { Migrator, type SqlClient } from "effect/sql"
import { DatabaseError, databaseError, limitQueryError } from "./DatabaseError.ts"
import { isSchemaName, quoted } from "./DatabaseSchema.ts"
import { migrations } from "./migrations/index.ts"
import { schemaSql } from "./SchemaSql.ts"
import { ownLimit, sessionLimit } from "./sql/limit.ts"

/** How the limit of a user is found. */
export interface Options {
  /**
   * A query with `$1` for the user's id (text) that gives one row with one integer, the limit, or null for unlimited;
   * no row when there is no such user. A negative number counts as 0, so that nobody may log in, not as unlimited. Of
   * several rows only the first counts. Default: as it was set before, else the tables `users` and `tiers` that come
   * with the package.
   *
   * @example `SELECT max_devices FROM app.users WHERE id = $1::uuid`
   */
  readonly limitQuery?: string | undefined
}

const bySchema = Effect.gen(function*() {
  const { schema, sql } = yield* schemaSql
  if (!isSchemaName(schema)) {
    return yield* new DatabaseError({
      operation: "start",
      reason: "Failed",
      message: `The schema cannot be named "${schema}"; take at most 63 bytes without . and $, not beginning with pg_`,
      cause: undefined
    })
  }
  return { sql, schema, table: `${schema}.migrations` }
})

/** Replaces the function only when it differs, so that starting many processes does not churn the catalog. */
const mapLimit = Effect.fnUntraced(function*(limitQuery: string | undefined) {
  const { schema, sql } = yield* bySchema
  const query = (limitQuery ?? ownLimit(quoted(schema))).trim()
  const [found] = yield* sql<{ readonly prosrc: string }>`
    SELECT prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = ${schema} AND p.proname = 'session_limit'`
  if (found?.prosrc.trim() !== query && (limitQuery !== undefined || found === undefined)) {
    yield* Effect.mapError(sql.unsafe(sessionLimit(quoted(schema), query)), limitQueryError)
  }
})

/**
 * In one transaction, by one process at a time. Where the connection is lost, it cannot be rolled back, which Effect takes for a
 * defect: PostgreSQL has done so by itself.
 */
const exclusively = (operation: string) => <A, E, R>(change: Effect.Effect<A, E, R>) =>
  Effect.flatMap(bySchema, ({ schema, sql }) =>
    sql.withTransaction(
      Effect.andThen(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`sojourn migrations ${schema}`}, 0))`, change)
    ).pipe(Effect.catchDefect(Effect.fail), Effect.mapError(databaseError(operation))))

/**
 * Runs the migrations that are missing and gives their names; none when the database is up to date. Only adds, never
 * drops. Any number of processes may run it at the same time: one does the work, the others wait for it.
 */
export const run = Effect.fn("sojourn.migrate")(
  function*(options: Options) {
    const { schema, sql, table } = yield* bySchema
    const change = Effect.gen(function*() {
      const found = yield* sql`SELECT 1 FROM pg_namespace WHERE nspname = ${schema}`
      if (found.length === 0) yield* sql.unsafe(`CREATE SCHEMA ${quoted(schema)}`)
      const done = yield* Migrator.make({})({ loader: Migrator.fromRecord(migrations(quoted(schema))), table })
      yield* mapLimit(options.limitQuery)
      return done.map(([id, name]) => `${String(id).padStart(4, "0")}_${name}`)
    })
    return yield* exclusively("migrate")(change)
  }
)

/** The names of the migrations that are missing. Changes nothing. */
export const pending = Effect.fn("sojourn.migrate.check")(
  function*() {
    const { schema, sql, table } = yield* bySchema
    const known = Object.keys(migrations(quoted(schema)))
    const [exists] = yield* sql<{ readonly found: boolean }>`
      SELECT to_regclass(${table.split(".").map(quoted).join(".")}) IS NOT NULL AS found`
    if (exists?.found !== true) return known
    const rows = yield* sql<{ readonly latest: number | null }>`SELECT max(migration_id) AS latest FROM ${sql(table)}`
    const latest = Option.getOrElse(Option.fromNullishOr(rows[0]?.latest), () => 0)
    return known.filter((name) => Number.parseInt(name, 10) > latest)
  },
  Effect.mapError(databaseError("migrate --check"))
)

/** Runs the migrations when the Layer is built. */
export const layer = (options: Options = {}): Layer.Layer<never, DatabaseError, SqlClient.SqlClient> =>
  Layer.effectDiscard(run(options))

const check = Effect.flatMap(pending(), (missing) =>
  missing.length === 0 ? Effect.void : Effect.fail(
    new DatabaseError({
      operation: "start",
      reason: "NotMigrated",
      message: `The database lacks ${missing.length} of Sojourn's migrations; run "sojourn migrate" first`,
      cause: missing
    })
  ))

/** Fails with `NotMigrated` when migrations are missing, and changes nothing. */
export const layerCheck: Layer.Layer<never, DatabaseError, SqlClient.SqlClient> = Layer.effectDiscard(check)

/** As `layerCheck`; then puts this query in the place of the one by which limits were found. */
export const layerLimit = (limitQuery: string): Layer.Layer<never, DatabaseError, SqlClient.SqlClient> =>
  Layer.effectDiscard(
    Effect.andThen(check, exclusively("limitQuery")(mapLimit(limitQuery)))
  )
