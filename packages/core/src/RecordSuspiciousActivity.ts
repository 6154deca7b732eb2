/** Note that something about a session looks wrong, and end it when that happened too often. */
import { DateTime, Effect, Option, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { commitThenTell, complete } from "./CommitThenTell.ts"
import { CredentialRepo } from "./CredentialRepo.ts"
import type { EventBus } from "./EventBus.ts"
import { EventId } from "./EventId.ts"
import { optional } from "./Optional.ts"
import { RevokeSession, revokeSession } from "./RevokeSession.ts"
import type { SessionCache } from "./SessionCache.ts"
import { Actor, system } from "./SessionEnd.ts"
import { SessionNotFound } from "./SessionErrors.ts"
import { SessionId } from "./SessionId.ts"
import type { SessionRepo, SessionRepoError } from "./SessionRepo.ts"

/** Which session, who noticed, and at which count it ends. */
export class RecordSuspiciousActivity
  extends Schema.Class<RecordSuspiciousActivity>("@sojourn/core/RecordSuspiciousActivity")({
    /** An active session; any other is `SessionNotFound`. */
    sessionId: SessionId,
    /** Who noticed. Default: the system. */
    actor: Actor.pipe(Schema.withConstructorDefault(Effect.succeed(system))),
    /** The count at which the session ends with `security_concern`. Default: never. */
    endAt: optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)))
  })
{}

/** What came of it. */
export interface SuspicionRecorded {
  /** How often by now, this time included. */
  readonly count: number
  /** Whether that was often enough to end the session, as `endAt` says. */
  readonly ended: boolean
}

/**
 * Adds one to the count of an active session, however many do so at once. Fails with `SessionNotFound` where there is no
 * such active session, or with `SessionRepoError`.
 */
export const recordSuspiciousActivity: (command: RecordSuspiciousActivity) => Effect.Effect<
  SuspicionRecorded,
  SessionNotFound | SessionRepoError,
  CredentialRepo | SessionRepo | SessionCache | EventBus | SecureRandom.SecureRandom
> = Effect.fn("sojourn.recordSuspiciousActivity")(
  function*(command) {
    const { actor, endAt, sessionId } = command
    const credentials = yield* CredentialRepo
    const random = yield* SecureRandom.SecureRandom
    const now = yield* DateTime.now
    const eventId = EventId.make(yield* random.uuidV7())
    const record = commitThenTell(
      () => credentials.recordSuspicion(sessionId, eventId, actor, now),
      (recorded) => Option.isNone(recorded) ? undefined : { ...recorded.value, now }
    )
    // As a whole: whoever provoked it cannot keep the session by not waiting for the answer.
    return yield* complete(Effect.gen(function*() {
      const recorded = yield* record
      if (Option.isNone(recorded)) return yield* new SessionNotFound({ sessionId })
      const { count } = recorded.value
      const ended = Option.exists(endAt, (threshold) => count >= threshold)
      if (ended) {
        yield* revokeSession(RevokeSession.make({ sessionId, reason: "security_concern", actor: system })).pipe(
          // Only where an owner is named.
          Effect.catchTag("NotSessionOwner", Effect.die)
        )
      }
      return { count, ended }
    }))
  }
)
