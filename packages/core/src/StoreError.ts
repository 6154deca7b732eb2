/** How stores fail, whichever store it is. */
import { Schema } from "effect"

/**
 * - `Unavailable`: the store could not be reached in time, or went away; trying again may help.
 * - `AccessDenied`: the store refused the credentials or the permission.
 * - `NotMigrated`: its tables are missing or older than this version needs.
 * - `IsolationLevel`: the caller's transaction has an isolation level under which a limit cannot be held.
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

/** The operation that failed, why, one line for a person with what to do, and the driver's own error. */
export const storeErrorFields = {
  operation: Schema.String,
  reason: StoreFailure,
  message: Schema.String,
  cause: Schema.Defect()
}
