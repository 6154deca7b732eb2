/** Look at one session, without its token. */
import { DateTime, Effect, Option } from "effect"
import { type CachedSession, toCachedOf } from "./CachedSession.ts"
import { fillCache } from "./CacheFill.ts"
import { SessionCache } from "./SessionCache.ts"
import { NotSessionOwner, SessionNotFound } from "./SessionErrors.ts"
import type { SessionId } from "./SessionId.ts"
import { SessionLookup } from "./SessionLookup.ts"
import type { SessionRepo, SessionRepoError } from "./SessionRepo.ts"
import { routingTag } from "./SessionToken.ts"
import type { UserId } from "./User.ts"

const owned = (session: CachedSession, userId: UserId) =>
  session.userId === userId
    ? Effect.succeed(session)
    : Effect.fail(new NotSessionOwner({ sessionId: session.id, userId }))

/**
 * An active session of the user's, from the cache, else from the store. In a transaction of your own the cache may still give a
 * session that the same transaction has ended.
 *
 * Fails with `SessionNotFound` when there is none, or it is over, with `NotSessionOwner` when it is somebody
 * else's (show both as the same outside), or with `SessionRepoError`.
 */
export const getSession: (sessionId: SessionId, userId: UserId) => Effect.Effect<
  CachedSession,
  SessionNotFound | NotSessionOwner | SessionRepoError,
  SessionRepo | SessionLookup | SessionCache
> = Effect.fn("sojourn.getSession")(function*(sessionId, userId) {
  yield* Effect.annotateCurrentSpan({ "user.id": userId, "session.id": sessionId })
  const cache = yield* SessionCache
  const lookup = yield* SessionLookup
  const now = yield* DateTime.now
  const cached = yield* cache.get(sessionId, routingTag(userId), now)
  if (Option.isSome(cached)) return yield* owned(cached.value, userId)
  const found = yield* lookup.credential(sessionId)
  if (Option.isNone(found) || !found.value.session.isActive(now)) return yield* new SessionNotFound({ sessionId })
  const session = yield* owned(toCachedOf(found.value), userId)
  yield* fillCache(session, now)
  return session
})
