/** When the Layer closes, those who wait for a statement that they share are told so: an interruption would look like their own. */
import { Cause, Exit } from "effect"
import { SessionRepoError } from "./SessionRepo.ts"

/** What comes of an operation for which the store is not there any more. */
export const storeClosed = (operation: string) =>
  new SessionRepoError({
    operation,
    reason: "Unavailable",
    message: "Sojourn's Layer was closed; what was under way may have been written or not",
    cause: undefined
  })

/** What comes of an operation that had this cause, for those who did not interrupt it. */
export const closedIfInterrupted = <E, Closed>(
  closed: () => Closed,
  cause: Cause.Cause<E>
): Exit.Exit<never, E | Closed> => Cause.hasInterruptsOnly(cause) ? Exit.fail(closed()) : Exit.failCause(cause)
