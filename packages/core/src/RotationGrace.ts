/** How long a replaced secret is still good. */
import { Context, DateTime, Duration, Option } from "effect"
import type { Credential } from "./CredentialRepo.ts"

/**
 * For parallel tabs and lost responses. Default: 30 seconds; 0 to 300 seconds, longer ones count as 300.
 *
 * Read around the handler at each call, by `rotateSession` and `validateSession`, which need the same. So provide it to
 * the program, or as `Layer.succeed(RotationGrace, …)` beside the Layer of the services (`Layer.merge`). Given to that
 * Layer alone (`Layer.provide`), it reaches no handler.
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
