/** Check a token on a request. */
import { Clock, Context, type DateTime, Duration, Effect, Metric, Option } from "effect"
import { Digest } from "effect/crypto"
import { type CachedSession, toCachedOf } from "./CachedSession.ts"
import { fillCache } from "./CacheFill.ts"
import type { Credential } from "./CredentialRepo.ts"
import type { EventBus } from "./EventBus.ts"
import { withInnerSpan } from "./InnerSpan.ts"
import { instantAt } from "./Instant.ts"
import { idleAtMillis, isActiveAt } from "./Lifetime.ts"
import { matchSecret, noHash } from "./MatchSecret.ts"
import { isWithinGrace, RotationGrace } from "./RotationGrace.ts"
import { endForReuse } from "./RotationReuse.ts"
import { SessionCache } from "./SessionCache.ts"
import { InvalidSessionToken, SessionNotActive } from "./SessionErrors.ts"
import { SessionId } from "./SessionId.ts"
import { SessionLookup } from "./SessionLookup.ts"
import { type ValidationResult, validations } from "./SessionMetrics.ts"
import type { SessionRepo, SessionRepoError } from "./SessionRepo.ts"
import {
  type BareTokenParts,
  hashBy,
  isSameHash,
  RoutingTag,
  type SecretHash,
  type SessionToken,
  takeApart
} from "./SessionToken.ts"

/** An active session that a token has proven. */
export interface ValidSession {
  /** In short, as a cache keeps it: all that a request needs. */
  readonly session: CachedSession
  /** How long until the absolute end. */
  readonly expiresIn: Duration.Duration
  /** How long until it ends for lack of activity; none when it never does. */
  readonly idleIn: Option.Option<Duration.Duration>
}

/** What garbage is looked up as and compared with, so that it costs what a wrong secret costs. */
const nobody: BareTokenParts = {
  sessionId: SessionId.make("00000000-0000-7000-8000-000000000000"),
  routingTag: RoutingTag.make("0000"),
  secret: new Uint8Array(32)
}

const valid = (session: CachedSession, now: number): ValidSession => ({
  session,
  expiresIn: Duration.millis(session.expiresAt.epochMilliseconds - now),
  idleIn: Option.isNone(session.idleTimeout)
    ? session.idleTimeout
    : Option.some(Duration.millis(idleAtMillis(session) - now))
})

/** Judges what the store says: the one place that decides which secrets are good. */
const judge = Effect.fnUntraced(function*(
  found: Option.Option<Credential>,
  isGarbage: boolean,
  hash: SecretHash,
  now: DateTime.Utc
) {
  const credential = Option.getOrUndefined(found)
  const match = matchSecret(credential, hash)
  if (credential === undefined || isGarbage || match === "none") return yield* new InvalidSessionToken()
  const { session } = credential
  const reason = session.endReason(now)
  if (Option.isSome(reason)) return yield* new SessionNotActive({ sessionId: session.id, reason: reason.value })
  if (match !== "current" && !(match === "previous" && isWithinGrace(credential, now, yield* RotationGrace))) {
    return yield* endForReuse(session, match, now)
  }
  return toCachedOf(credential)
})

const resultOf = (error: InvalidSessionToken | SessionNotActive | SessionRepoError): ValidationResult =>
  error._tag === "SessionNotActive"
    ? error.reason
    : error._tag === "InvalidSessionToken"
    ? "invalid_token"
    : "store_error"

const ask = Effect.fnUntraced(
  function*(parts: BareTokenParts, hash: SecretHash, now: DateTime.Utc) {
    const lookup = yield* SessionLookup
    const isGarbage = parts === nobody
    if (!isGarbage) yield* Effect.annotateCurrentSpan("session.id", parts.sessionId)
    const session = yield* judge(yield* lookup.credential(parts.sessionId), isGarbage, hash, now)
    yield* Effect.annotateCurrentSpan("user.id", session.userId)
    yield* fillCache(session, now)
    return valid(session, now.epochMilliseconds)
  },
  Effect.tap(() => Metric.update(validations("valid", "store"), 1)),
  Effect.tapError((error) =>
    Effect.andThen(
      Metric.update(validations(resultOf(error), "store"), 1),
      Effect.annotateCurrentSpan("error.type", error._tag)
    )
  ),
  withInnerSpan("sojourn.validateSession")
)

// Made once, and updated without an effect: the answer of a front cache costs little more than its hash.
const validByFront = validations("valid", "front")
const validByCache = validations("valid", "cache")

/** Whether a cache's answer has the secret, after one comparison whether there is one or not. */
const isProven = (cached: CachedSession | undefined, hash: SecretHash): cached is CachedSession =>
  isSameHash(cached === undefined ? noHash : cached.secretHash, hash) && cached !== undefined

/**
 * The session that a token proves, from the cache, else from the store.
 *
 * A cached session answers at once; after any doubt (not cached, ended, another secret, over by its times) the store
 * decides, and an active session is cached again. Unknown session, wrong secret and garbage fail alike, after the same
 * work, with `InvalidSessionToken`; a session that is over fails with `SessionNotActive` and the reason. When the store
 * is needed and away, it fails closed with `SessionRepoError`.
 *
 * In a transaction of your own the cache may still accept a session that the same transaction has ended.
 *
 * A secret that was replaced ends its session. In a transaction of your own that is undone if the failure leaves it: handle it
 * inside, and let it commit.
 *
 * Every answer is counted in `sojourn_validations_total`; a span, `sojourn.validateSession`, is there only when the store
 * is asked.
 */
export const validateSession = (token: SessionToken): Effect.Effect<
  ValidSession,
  InvalidSessionToken | SessionNotActive | SessionRepoError,
  SessionRepo | SessionLookup | SessionCache | EventBus | Digest.Digest
> =>
  Effect.contextWith((context: Context.Context<SessionCache | Digest.Digest>) => {
    const cache = Context.get(context, SessionCache)
    const now = Context.get(context, Clock.Clock).currentTimeMillisUnsafe()
    const parts = takeApart(token) ?? nobody
    // What a digest or a cache in front has ready is taken without going through the fiber.
    return Effect.flatMapEager(hashBy(Context.get(context, Digest.Digest), parts.secret), (hash) => {
      const settle = (proven: CachedSession | undefined, counter: typeof validByCache) => {
        if (proven === undefined || !isActiveAt(proven, now)) return ask(parts, hash, instantAt(now))
        counter.updateUnsafe(1, context)
        return Effect.succeed(valid(proven, now))
      }
      const kept = cache.peek?.(parts.sessionId, hash, now)
      return kept !== undefined
        ? settle(kept, validByFront)
        : Effect.flatMap(cache.get(parts.sessionId, parts.routingTag, instantAt(now)), (found) => {
          const cached = Option.getOrUndefined(found)
          return settle(isProven(cached, hash) ? cached : undefined, validByCache)
        })
    })
  })
