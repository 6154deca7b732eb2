/** Mark the device of a session as one that the user trusts. */
import { DateTime, Effect, Option } from "effect"
import { toCachedOf } from "./CachedSession.ts"
import { commitThenTell, complete } from "./CommitThenTell.ts"
import { CredentialRepo } from "./CredentialRepo.ts"
import type { EventBus } from "./EventBus.ts"
import { SessionCache } from "./SessionCache.ts"
import { byUser } from "./SessionEnd.ts"
import { SessionNotFound } from "./SessionErrors.ts"
import type { SessionId } from "./SessionId.ts"
import { SessionLookup } from "./SessionLookup.ts"
import { SessionRepo, type SessionRepoError } from "./SessionRepo.ts"
import type { UserId } from "./User.ts"

/** What is cached of the session says so, too; also what was read, or recorded, before and is cached meanwhile. */
const refreshCache = (sessionId: SessionId, now: DateTime.Utc) =>
  Effect.gen(function*() {
    const lookup = yield* SessionLookup
    const cache = yield* SessionCache
    const found = yield* lookup.credential(sessionId)
    if (Option.isSome(found) && found.value.session.isActive(now)) {
      yield* cache.put(toCachedOf(found.value), [], now)
    }
  }).pipe(Effect.ignore)

/**
 * Trusts the device of an active session of the user's own. Doing it again changes nothing and tells nobody. Fails with
 * `SessionNotFound` where the user has no such session, or with `SessionRepoError`.
 *
 * `ipAddress`, as it comes, is from where the user does so, for the event.
 */
export const trustSession: (
  sessionId: SessionId,
  userId: UserId,
  ipAddress?: Option.Option<string>
) => Effect.Effect<
  void,
  SessionNotFound | SessionRepoError,
  CredentialRepo | SessionRepo | SessionLookup | SessionCache | EventBus
> = Effect.fn("sojourn.trustSession")(function*(sessionId, userId, ipAddress = Option.none()) {
  const repo = yield* SessionRepo
  const credentials = yield* CredentialRepo
  const now = yield* DateTime.now
  const actor = byUser(userId, ipAddress)
  const change = commitThenTell(
    () => credentials.trust(sessionId, userId, actor, now),
    (marked) => Option.isNone(marked) ? undefined : { userId, now, events: marked.value }
  )
  const refresh = repo.afterCommit(refreshCache(sessionId, now))
  const marked = yield* complete(Effect.tap(change, (marked) => Option.isSome(marked) ? refresh : Effect.void))
  if (Option.isNone(marked)) return yield* new SessionNotFound({ sessionId })
}, Effect.asVoid)
