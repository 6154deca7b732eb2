/** Give a session a new secret, as after a change of privileges or at intervals. */
import { DateTime, Effect, Option, Redacted } from "effect"
import { type Digest, SecureRandom } from "effect/crypto"
import { Hex } from "effect/encoding"
import { toCachedOf } from "./CachedSession.ts"
import { completeThenTell } from "./CommitThenTell.ts"
import { CredentialRepo } from "./CredentialRepo.ts"
import type { EventBus } from "./EventBus.ts"
import { EventId } from "./EventId.ts"
import { parseIpAddress } from "./IpAddress.ts"
import { matchSecret } from "./MatchSecret.ts"
import { boundedGrace, RotationGrace } from "./RotationGrace.ts"
import { endForReuse } from "./RotationReuse.ts"
import type { SessionCache } from "./SessionCache.ts"
import { InvalidSessionToken, SessionNotActive } from "./SessionErrors.ts"
import type { SessionRepo, SessionRepoError } from "./SessionRepo.ts"
import { hashSecret, makeToken, parseToken, RotationSalt, type SessionToken, succeedSecret } from "./SessionToken.ts"

/**
 * Replaces the token's secret; the session stays the same (OWASP ASVS 5.0, 7.2.4). Gives the new token.
 *
 * The old token is good for the `RotationGrace` (30 seconds) more, so that parallel tabs do not log anybody out.
 * Rotating it again within that time gives the same successor: of any number of concurrent rotations there is one, and
 * a lost response can be asked for again. Using it later ends the session with `rotation_reuse`, as does any older one.
 *
 * Fails with `InvalidSessionToken`, with `SessionNotActive` and the reason, or with `SessionRepoError`.
 *
 * In a transaction of your own that end is undone if the failure leaves it: handle it inside, and let it commit.
 *
 * `ipAddress`, as it comes, is from where the user asks, for the event.
 */
export const rotateSession: (token: SessionToken, ipAddress?: Option.Option<string>) => Effect.Effect<
  SessionToken,
  InvalidSessionToken | SessionNotActive | SessionRepoError,
  CredentialRepo | SessionRepo | SessionCache | EventBus | SecureRandom.SecureRandom | Digest.Digest
> = Effect.fn("sojourn.rotateSession")(function*(token, ipAddress = Option.none()) {
  const credentials = yield* CredentialRepo
  const random = yield* SecureRandom.SecureRandom
  const now = yield* DateTime.now

  const parts = yield* Effect.mapError(Effect.fromOption(parseToken(token)), () => new InvalidSessionToken())
  const secret = Redacted.value(parts.secret)
  const presented = yield* hashSecret(secret)
  const salt = RotationSalt.make(Hex.encode(yield* random.randomBytes(32)))
  const successor = yield* succeedSecret(secret, salt)
  const rotation = {
    sessionId: parts.sessionId,
    presented,
    next: yield* hashSecret(successor),
    salt,
    eventId: EventId.make(yield* random.uuidV7()),
    ipAddress: Option.flatMap(ipAddress, parseIpAddress),
    now,
    grace: boundedGrace(yield* RotationGrace)
  }
  const outcome = yield* completeThenTell(credentials.rotate(rotation), (outcome) => {
    if (outcome._tag !== "Rotated") return undefined
    const admitted = toCachedOf(outcome.credential)
    return { userId: admitted.userId, now, admitted, events: outcome.events }
  })

  switch (outcome._tag) {
    case "Rotated": {
      const { session } = outcome.credential
      return makeToken(session.id, session.userId, successor)
    }
    case "AlreadyRotated": {
      const { session } = outcome.credential
      return makeToken(session.id, session.userId, yield* succeedSecret(secret, outcome.salt))
    }
    case "NotActive": {
      const credential = Option.getOrUndefined(outcome.credential)
      const match = matchSecret(credential, presented)
      const reason = credential?.session.endReason(now) ?? Option.none()
      return yield* match !== "none" && Option.isSome(reason)
        ? new SessionNotActive({ sessionId: parts.sessionId, reason: reason.value })
        : new InvalidSessionToken()
    }
    case "NotCurrent": {
      const match = matchSecret(outcome.credential, presented)
      if (match === "none") return yield* new InvalidSessionToken()
      return yield* endForReuse(outcome.credential.session, match, now, rotation.ipAddress)
    }
  }
})
