/** What went wrong in the database, in words for a person. */
import { storeErrorFields, type StoreFailure } from "@sojourn/core"
import { Cause, Data, Predicate, Schema } from "effect"
import { SqlError } from "effect/sql"
import { UnreadableRow } from "./Rows.ts"
import { tlsFailure } from "./TlsFailure.ts"

/** The database could not be opened, migrated or used. */
export class DatabaseError extends Schema.TaggedError<DatabaseError>()("DatabaseError", storeErrorFields) {}

/** So many others wait for locks that the turn of this one to wait for its own did not come in time. */
export class NoTurn extends Data.TaggedError("NoTurn") {}

interface Explanation {
  readonly reason: StoreFailure
  readonly message: string
}

const explain = (reason: StoreFailure, message: string): Explanation => ({ reason, message })

const notMigrated = explain(
  "NotMigrated",
  "Tables are missing or too old: of Sojourn's, run \"sojourn migrate\" first; of the limitQuery's, correct one or the other"
)

const pooler = explain(
  "Unavailable",
  "The database was refused as if a pooler stood before it; say so: SOJOURN_DATABASE_POOLED=true, or the option `pooled`"
)

const noLock = explain("Unavailable", "PostgreSQL did not get a lock in time; try again")

/** By SQLSTATE or its class (see PostgreSQL's appendix "Error Codes"); "SJN01" is our own. */
const byState: ReadonlyArray<readonly [prefix: string, Explanation]> = [
  [
    "SJN01",
    explain(
      "IsolationLevel",
      "The limit cannot be held in this transaction; open it with isolation level READ COMMITTED " +
        "(if you opened none: the database's or user's default_transaction_isolation is another)"
    )
  ],
  ["3D000", explain("Unavailable", "The database of this URL does not exist; create it, or correct the URL")],
  ["3F000", notMigrated],
  ["42P01", notMigrated],
  ["42883", notMigrated],
  ["42703", notMigrated],
  [
    "42501",
    explain(
      "AccessDenied",
      "The database user lacks a permission on Sojourn's schema, or on what the limitQuery reads; grant it"
    )
  ],
  [
    "28000",
    explain(
      "AccessDenied",
      "PostgreSQL refused the user or the password, or wants TLS; check the database URL, and whether it needs sslmode=require"
    )
  ],
  ["28", explain("AccessDenied", "PostgreSQL refused the user or the password; check the database URL")],
  ["22", explain("InvalidData", "PostgreSQL refused a value, or the limitQuery the user's id or its own result")],
  ["23", explain("InvalidData", "PostgreSQL refused a row: it breaks a constraint")],
  ["53", explain("Unavailable", "PostgreSQL has no connection, memory or disk left; free some and try again")],
  ["57014", explain("Unavailable", "PostgreSQL took longer than the statement timeout")],
  ["57", explain("Unavailable", "PostgreSQL is shutting down or starting; try again")],
  ["25006", explain("Unavailable", "PostgreSQL takes no writes: it is a standby; connect to the primary")],
  ["55P03", noLock],
  ["40", explain("Unavailable", "PostgreSQL gave the transaction up in favour of another; try again")],
  // A setting at the start of a connection that the pooler does not know; a prepared statement that it lost.
  ["08P01", pooler],
  ["26000", pooler],
  ["42P05", pooler],
  ["08", explain("Unavailable", "The connection to PostgreSQL was lost; try again")]
]

/** What the database user lacks, where that is more than a grant on what is there. */
const lacksFor: Readonly<Record<string, Explanation>> = {
  migrate: explain(
    "AccessDenied",
    "The database user may not create or change Sojourn's schema; migrate as its owner, or as one who may CREATE in the database"
  ),
  limitQuery: explain(
    "AccessDenied",
    "The database user may not set the limitQuery; start once as the owner of Sojourn's schema, or give it to \"sojourn migrate\""
  )
}

const byReason: Partial<Record<SqlError.SqlErrorReason["_tag"], Explanation>> = {
  ConnectionError: explain("Unavailable", "PostgreSQL cannot be reached; check that it runs and that the URL is right"),
  AuthenticationError: explain(
    "AccessDenied",
    "PostgreSQL refused the user or the password; check the database URL"
  )
}

const property = (error: object, name: string): unknown => Predicate.hasProperty(error, name) ? error[name] : undefined

/** What `find` gives for the first error in the chain of causes for which it gives anything. */
const inCauses = <A>(error: unknown, find: (error: object) => A | undefined, depth = 0): A | undefined =>
  depth > 8 || !Predicate.isObject(error)
    ? undefined
    : find(error) ?? inCauses(property(error, "reason"), find, depth + 1) ??
      inCauses(property(error, "cause"), find, depth + 1)

const sqlState = (error: unknown): string | undefined =>
  inCauses(error, (cause) => {
    const code = property(cause, "code")
    return typeof code === "string" && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined
  })

const noAnswer = explain("Unavailable", "PostgreSQL did not answer in time; check that it runs, and try again")

/** What PostgreSQL says of names; it quotes no value. */
const words = (error: unknown) =>
  inCauses(error, (cause) => {
    const said = property(cause, "message")
    return property(cause, "code") === undefined || typeof said !== "string" ? undefined : said
  })

const withWords = ({ message, reason }: Explanation, error: unknown): Explanation =>
  explain(reason, `${message} (${words(error)})`)

/** The reason of a failure, and one line that says what happened and what to do. */
const explainFailure = (operation: string, error: unknown): Explanation => {
  if (Cause.isTimeoutError(error)) return noAnswer
  if (error instanceof NoTurn) return noLock
  if (error instanceof UnreadableRow) return explain("InvalidData", error.message)
  const state = sqlState(error)
  const lacks = state === "42501" ? lacksFor[operation] : undefined
  if (lacks !== undefined) return lacks
  const known = state === undefined ? undefined : byState.find(([prefix]) => state.startsWith(prefix))?.[1]
  if (known !== undefined) return state?.startsWith("42") ? withWords(known, error) : known
  const tls = inCauses(error, tlsFailure)
  if (tls !== undefined) return explain("Unavailable", tls)
  const byTag = SqlError.isSqlError(error) ? byReason[error.reason._tag] : undefined
  return byTag ?? explain("Failed", `The database failed${state === undefined ? "" : ` (SQLSTATE ${state})`}`)
}

/** What PostgreSQL adds to an error may quote a whole row: hash, address and all. It goes no further than here. */
const quoting = ["detail", "where", "internalQuery"] as const

/** The error and its causes without what quotes rows, in place, as whoever logs an error logs these with it. */
const withoutRows = (error: unknown, depth = 0): unknown => {
  if (depth > 8 || !Predicate.isObject(error)) return error
  for (const name of quoting) if (name in error) Reflect.deleteProperty(error, name)
  withoutRows(property(error, "reason"), depth + 1)
  withoutRows(property(error, "cause"), depth + 1)
  return error
}

/** The fields of the error that a port tells (`storeErrorFields`), from whatever the operation failed with. */
export const storeFailure = (operation: string, cause: unknown) => ({
  operation,
  ...explainFailure(operation, cause),
  cause: withoutRows(cause)
})

/** Wraps whatever a database operation failed with. */
export const databaseError = (operation: string) => (cause: unknown): DatabaseError =>
  cause instanceof DatabaseError ? cause : new DatabaseError(storeFailure(operation, cause))

/** What PostgreSQL says of a query of the application's own that it does not understand; all else is not the query's fault. */
export const limitQueryError = (cause: unknown): DatabaseError => {
  const state = sqlState(cause) ?? ""
  return state.startsWith("42") && state !== "42501"
    ? new DatabaseError({
      operation: "limitQuery",
      reason: "Failed",
      message: `The limitQuery cannot be used: ${words(cause)}; correct it`,
      cause: withoutRows(cause)
    })
    : databaseError("limitQuery")(cause)
}

/** Whether the statement was waited for in vain, as where a server is frozen. */
export const isNoAnswer = ({ cause }: { readonly cause?: unknown }): boolean => Cause.isTimeoutError(cause)

/** Whether PostgreSQL, or whoever waited for it or for their turn, gave a statement up for the time that it took. */
export const isTimeUp = (error: { readonly cause?: unknown }): boolean =>
  isNoAnswer(error) || error.cause instanceof NoTurn || ["57014", "55P03"].includes(sqlState(error.cause) ?? "")

/** "SJN03": whose lock is taken, where the statement was told not to wait. */
export const lockTaken = (error: unknown): string | undefined =>
  inCauses(error, (cause) => {
    const user = property(cause, "detail")
    return property(cause, "code") === "SJN03" && typeof user === "string" ? user : undefined
  })

/** Classes of SQLSTATE for what SQL or a function of the application's fails with: cardinality, PL/pgSQL, external routines. */
const ofFunctions = /^(21|38|39|P0)/

/**
 * Whether a single login or ending may have failed the whole batch: then each is tried on its own. What is wrong with the server
 * or with the transaction is wrong for all.
 */
export const mayBeOnes = ({ cause, reason }: { readonly reason: StoreFailure; readonly cause?: unknown }): boolean =>
  reason === "InvalidData" || reason === "Failed" && ofFunctions.test(sqlState(cause) ?? "")

/** "SJN02": the session to keep is not an active one of the user's. */
export const isKeptNotActive = (error: unknown): boolean => sqlState(error) === "SJN02"
