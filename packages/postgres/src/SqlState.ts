/** What PostgreSQL's codes mean, in words for a person. */
import type { StoreFailure } from "@sojourn/core"

/** The reason of a failure, and one line that says what happened and what to do. */
export interface Explanation {
  readonly reason: StoreFailure
  readonly message: string
}

/** Makes one. */
export const explain = (reason: StoreFailure, message: string): Explanation => ({ reason, message })

const notMigrated = explain(
  "NotMigrated",
  "Tables are missing or too old: of Sojourn's, run \"sojourn migrate\" first; of the limitQuery's, correct one or the other"
)

const pooler = explain(
  "Unavailable",
  "The database was refused as if a pooler stood before it; say so: SOJOURN_DATABASE_POOLED=true, or the option `pooled`"
)

/** A lock was waited for in vain. */
export const noLock = explain("Unavailable", "PostgreSQL did not get a lock in time; try again")

const isolation = (why: string) =>
  explain(
    "IsolationLevel",
    `${why} in this transaction; open it with isolation level READ COMMITTED ` +
      "(if you opened none: the database's or user's default_transaction_isolation is another)"
  )

/** By SQLSTATE or its class (see PostgreSQL's appendix "Error Codes"); "SJN01" is our own. */
const byState: ReadonlyArray<readonly [prefix: string, Explanation]> = [
  ["SJN01", isolation("The limit cannot be held")],
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

const missed = isolation("Events could be missed")

/** By SQLSTATE and operation: what the database user lacks beyond a grant on what is there, and what else is not about a login. */
const byOperation: Readonly<Record<string, Readonly<Record<string, Explanation>>>> = {
  "42501": {
    migrate: explain(
      "AccessDenied",
      "The database user may not create or change Sojourn's schema; migrate as its owner, or as one who may CREATE in the database"
    ),
    limitQuery: explain(
      "AccessDenied",
      "The database user may not set the limitQuery; start once as the owner of Sojourn's schema, or give it to \"sojourn migrate\""
    )
  },
  SJN01: { read: missed, hold: missed }
}

/** What this state means, whatever was being done; undefined where nothing more is known. */
export const explainState = (state: string): Explanation | undefined =>
  byState.find(([prefix]) => state.startsWith(prefix))?.[1]

/** What this state means for this operation in particular. */
export const explainStateFor = (operation: string, state: string): Explanation | undefined =>
  byOperation[state]?.[operation]
