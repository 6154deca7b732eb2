/** How long a replaced secret is still good. */
import { Context, DateTime, Duration, Option } from "effect"
import type { Credential } from "./CredentialRepo.ts"

/**
 * For parallel tabs and lost responses. Default: 30 seconds; 0 to 300 seconds, longer ones count as 300.
 */
export const RotationGrace = Context.Reference<Duration.Duration>("@sojourn/core/RotationGrace", {
  defaultValue: () => Duration.seconds(30)
})

/** Whether the previous secret is still good at `now` (half-open). */
export const isWithinGrace = (credential: Credential, now: DateTime.Utc, grace: Duration.Duration): boolean =>
  Option.exists(
    credential.previous,
    ({ rotatedAt }) => DateTime.isLessThan(now, DateTime.addDuration(rotatedAt, boundedGrace(grace)))
  )

/** The grace within its bounds. */
export const boundedGrace = Duration.clamp({ minimum: Duration.zero, maximum: Duration.seconds(300) })
