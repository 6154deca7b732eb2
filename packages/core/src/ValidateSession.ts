/** Check a token on a request. */
import { DateTime, Duration, Effect, Option, Redacted } from "effect"
import { type CachedSession, toCached } from "./CachedSession.ts"
import type { Credential } from "./CredentialRepo.ts"
import { matchSecret, noHash } from "./MatchSecret.ts"
import { isWithinGrace, RotationGrace } from "./RotationGrace.ts"
import { endForReuse } from "./RotationReuse.ts"
import { SessionCache } from "./SessionCache.ts"
import { InvalidSessionToken, SessionNotActive } from "./SessionErrors.ts"
import { SessionId } from "./SessionId.ts"
import { SessionLookup } from "./SessionLookup.ts"
import {
  hashSecret,
  isSameHash,
  parseToken,
  RoutingTag,
  type SecretHash,
  type SessionToken,
  type TokenParts
} from "./SessionToken.ts"

/** An active session that a token has proven. */
export interface ValidSession {
  readonly session: CachedSession
  /** How long until the absolute end. */
  readonly expiresIn: Duration.Duration
  /** How long until it ends for lack of activity; none when it never does. */
  readonly idleIn: Option.Option<Duration.Duration>
}

/** What garbage is looked up as and compared with, so that it costs what a wrong secret costs. */
const nobody: TokenParts = {
  sessionId: SessionId.make("00000000-0000-7000-8000-000000000000"),
  routingTag: RoutingTag.make("0000"),
  secret: Redacted.make(new Uint8Array(32))
}

const valid = (session: CachedSession, now: DateTime.Utc): ValidSession => ({
  session,
  expiresIn: DateTime.distance(now, session.expiresAt),
  idleIn: Option.map(
    session.idleTimeout,
    (idle) => DateTime.distance(now, DateTime.addDuration(session.lastActivityAt, idle))
  )
})

/** Judges what the store says: the one place that decides which secrets are good. */
const judge = Effect.fnUntraced(function*(
  found: Option.Option<Credential>,
  isGarbage: boolean,
  hash: SecretHash,
  now: DateTime.Utc
) {
  const credential = Option.getOrUndefined(found)
  const { isCurrent, isPrevious, isRetired } = matchSecret(credential, hash)
  if (credential === undefined || isGarbage || !(isCurrent || isPrevious || isRetired)) {
    return yield* new InvalidSessionToken()
  }
  const { session } = credential
  const reason = session.endReason(now)
  if (Option.isSome(reason)) return yield* new SessionNotActive({ sessionId: session.id, reason: reason.value })
  if (!isCurrent && !(isPrevious && isWithinGrace(credential, now, yield* RotationGrace))) {
    return yield* endForReuse(session, isPrevious ? "late_retry" : "theft", now)
  }
  return toCached(session, credential.secretHash, credential.rotation)
})

const ask = Effect.fnUntraced(function*(parts: TokenParts, hash: SecretHash, now: DateTime.Utc) {
  const lookup = yield* SessionLookup
  const cache = yield* SessionCache
  const session = yield* judge(yield* lookup.credential(parts.sessionId), parts === nobody, hash, now)
  // A cache that cannot be written is told by its own metrics; the answer stands.
  yield* Effect.ignore(cache.fill(session, now))
  return valid(session, now)
})

/**
 * The session that a token proves, from the cache, else from the store.
 *
 * A cached session answers at once; after any doubt (not cached, ended, another secret, over by its times) the store
 * decides, and an active session is cached again. Unknown session, wrong secret and garbage fail alike, after the same
 * work, with `InvalidSessionToken`; a session that is over fails with `SessionNotActive` and the reason. When the store
 * is needed and away, it fails closed with `SessionRepoError`.
 */
export const validateSession = (token: SessionToken) =>
  Effect.flatMap(SessionCache, (cache) =>
    Effect.flatMap(DateTime.now, (now) => {
      const parts = Option.getOrElse(parseToken(token), () => nobody)
      return Effect.flatMap(hashSecret(Redacted.value(parts.secret)), (hash) =>
        Effect.flatMap(cache.get(parts.sessionId, parts.routingTag, now), (cached) =>
          isSameHash(Option.isSome(cached) ? cached.value.secretHash : noHash, hash) && Option.isSome(cached) &&
            cached.value.isActive(now)
            ? Effect.succeed(valid(cached.value, now))
            : ask(parts, hash, now)))
    }))
