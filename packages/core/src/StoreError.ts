/** How stores fail, whichever store it is. */
import { Schema } from "effect"

/**
 * - `Unavailable`: the store could not be reached in time, or went away; trying again may help.
 * - `AccessDenied`: the store refused the credentials or the permission.
 * - `NotMigrated`: its tables are missing or older than this version needs.
 * - `IsolationLevel`: the caller's transaction has an isolation level under which a limit cannot be held, or events
 *   could be missed.
 * - `InvalidData`: it refused a value, or holds one that cannot be read.
 * - `Failed`: anything else.
 */
export const StoreFailure = Schema.Literals([
  "Unavailable",
  "AccessDenied",
  "NotMigrated",
  "IsolationLevel",
  "InvalidData",
  "Failed"
])
export type StoreFailure = typeof StoreFailure.Type

/** What every store's error tells. */
export type StoreErrorFields = {
  /** What was being done: a method of the port, such as `admit`, or a step of the start, such as `connect`. */
  readonly operation: Schema.String
  /** Why, for a program: by it decide whether to try again. */
  readonly reason: typeof StoreFailure
  /** Why, for a person: one line with what to do, and no secret. */
  readonly message: Schema.String
  /** The driver's own error, for the log. */
  readonly cause: Schema.Defect
}

/** The fields of an error by which a store fails, for ports of your own, too. */
export const storeErrorFields: StoreErrorFields = {
  operation: Schema.String,
  reason: StoreFailure,
  message: Schema.String,
  cause: Schema.Defect()
}
