/** What went wrong in the database, in words for a person. */
import { storeErrorFields, type StoreFailure } from "@sojourn/core"
import { Cause, Data, Predicate, Schema } from "effect"
import { SqlError } from "effect/sql"
import { UnreadableRow } from "./Rows.ts"
import { explain, explainState, explainStateFor, type Explanation, noLock } from "./SqlState.ts"
import { tlsFailure } from "./TlsFailure.ts"

/** The database could not be opened, migrated or used. */
export class DatabaseError extends Schema.TaggedError<DatabaseError>()("DatabaseError", storeErrorFields) {}

/** So many others wait for locks that the turn of this one to wait for its own did not come in time. */
export class NoTurn extends Data.TaggedError("NoTurn") {}

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
  const particular = state === undefined ? undefined : explainStateFor(operation, state)
  if (particular !== undefined) return particular
  const known = state === undefined ? undefined : explainState(state)
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
