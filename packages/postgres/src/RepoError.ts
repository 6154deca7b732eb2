/** What the stores of sessions and credentials fail with. */
import { SessionRepoError } from "@sojourn/core"
import { storeFailure } from "./DatabaseError.ts"

/** Any failure of the store as a `SessionRepoError`. */
export const repoError = (operation: string) => (cause: unknown): SessionRepoError =>
  cause instanceof SessionRepoError
    ? cause
    : new SessionRepoError(storeFailure(operation, cause))
