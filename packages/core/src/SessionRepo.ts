/** Port: the authority on sessions. */
import { Context, type DateTime, type Effect, type Option, Schema } from "effect"
import type { EvictionFailed, SessionLimitExceeded } from "./LimitErrors.ts"
import type { Session } from "./Session.ts"
import type { Actor, SessionEnd } from "./SessionEnd.ts"
import type { KeptSessionNotActive, NotSessionOwner, SessionNotFound } from "./SessionErrors.ts"
import type { SessionEvent, TokenReuse } from "./SessionEvent.ts"
import type { SessionId } from "./SessionId.ts"
import type { ListQuery, SessionPage } from "./SessionPage.ts"
import type { SessionRules } from "./SessionPolicy.ts"
import type { SecretHash } from "./SessionToken.ts"
import { storeErrorFields } from "./StoreError.ts"
import type { UserId } from "./User.ts"
import type { UserNotFound } from "./UserRepo.ts"

/** The store of sessions failed. Nothing was written; only if it went away during a commit (`Unavailable`) that is not certain. */
export class SessionRepoError extends Schema.TaggedError<SessionRepoError>()("SessionRepoError", storeErrorFields) {}

/** A session that asks to be admitted. */
export interface Candidate {
  /** As it begins, see `admit`. */
  readonly session: Session
  /** Of its token's secret: all that is kept of the token. */
  readonly secretHash: SecretHash
}

/** What a commit did. */
export interface Evictions {
  /** Those that it ended to hold the limit. */
  readonly evicted: ReadonlyArray<SessionId>
  /** Those that were over already, and that this ended as `expired` or `idle` before it counted. */
  readonly expired: ReadonlyArray<SessionId>
  /** What it wrote to the event log, in order. */
  readonly events: ReadonlyArray<SessionEvent>
}

/** A login that went in. */
export interface Admission extends Evictions {
  /**
   * The session is over already: other logins of the user went in with it, and left no room for it. It is among the
   * `evicted` of one of them.
   */
  readonly bornEnded: boolean
}

/** Under which condition to end a session, and what its event is to say. */
export interface EndOptions {
  /** Whose it must be; none: whoever's it is. */
  readonly owner: Option.Option<UserId>
  /** How a replaced token was used again, where that is the reason. */
  readonly reuse: Option.Option<TokenReuse>
}

/** What ending one session did. */
export interface Ending {
  /** Whose session it is. */
  readonly userId: UserId
  /** It had not ended before. */
  readonly changed: boolean
  /** What was written to the event log: its `SessionRevoked`; none when nothing changed. */
  readonly events: ReadonlyArray<SessionEvent>
}

/** What ending several sessions did. */
export interface Endings {
  /** Those that had not ended before, and that this ended. */
  readonly ended: ReadonlyArray<SessionId>
  /** Those that others ended in the last 5 minutes: the news of it may still be on its way to the cache. */
  readonly endedBefore: ReadonlyArray<SessionId>
  /** What was written to the event log, in order. */
  readonly events: ReadonlyArray<SessionEvent>
}

/** What is to be done with a result for which nobody waits any more. */
export type Late<A> = (result: A) => Effect.Effect<void>

/**
 * After every commit a user's active sessions are at most their limit, whatever the concurrency, the number of
 * processes or the changes of tier under way. A state change and its events commit together or not at all.
 * A session ends once: the first end stays.
 */
export class SessionRepo extends Context.Service<SessionRepo, {
  /**
   * Whether who asks is in a transaction of this store. Absent: there are none, and whoever is interrupted while they wait has
   * changed nothing.
   */
  readonly isInTransaction?: (context: Context.Context<never>) => boolean
  /**
   * Puts the session in and ends what the rules say must go, in one commit: under the user's lock the limit is read,
   * the sessions over it are ended (reason `session_limit_exceeded`), the row and the events are written. All excess
   * goes, also when the limit was lowered.
   *
   * Expired and idle sessions do not count. Where there is a limit they are ended first, as `sweep` does, so that no
   * activity under way brings back one that was not counted; they stay so also when the login is refused.
   *
   * The session is stored as it begins: its last activity is its creation, from the login's address; not trusted, no
   * suspicious activity, not ended. An id that is taken already is refused as `InvalidData`.
   *
   * `late` is given the admission of a caller who was interrupted when it could not be taken back any more.
   */
  readonly admit: (
    candidate: Candidate,
    rules: SessionRules,
    late?: Late<Admission>
  ) => Effect.Effect<Admission, UserNotFound | SessionLimitExceeded | EvictionFailed | SessionRepoError>
  /**
   * Ends what is over the user's limit now, under the same lock and by the same rules, as after a lowered limit; before
   * it, what is expired or idle, which stays so also when this fails.
   */
  readonly enforceLimit: (userId: UserId, rules: SessionRules, now: DateTime.Utc) => Effect.Effect<
    Evictions,
    UserNotFound | EvictionFailed | SessionRepoError
  >
  /** The session in whatever state it is. */
  readonly find: (sessionId: SessionId) => Effect.Effect<Option.Option<Session>, SessionRepoError>
  /** A user's sessions, newest first (by `createdAt`, then id). An unknown user has none. */
  readonly list: (query: ListQuery) => Effect.Effect<SessionPage, SessionRepoError>
  /**
   * Ends the session, unless it has ended before: then it stays as it is and there is no event. With an `owner` it must
   * be theirs. `reuse` goes into the event. `late` as in `admit`.
   */
  readonly end: (
    sessionId: SessionId,
    end: SessionEnd,
    options: EndOptions,
    late?: Late<Ending>
  ) => Effect.Effect<Ending, SessionNotFound | NotSessionOwner | SessionRepoError>
  /**
   * Ends all sessions of the user that have not ended or expired, but for `except`, which must be an active one of
   * theirs. Idle ones, too: an activity under way may be about to keep one alive. An event for each and one for all.
   */
  readonly endAll: (
    userId: UserId,
    except: Option.Option<SessionId>,
    end: SessionEnd
  ) => Effect.Effect<Endings, KeptSessionNotActive | SessionRepoError>
  /**
   * Ends at most `limit` sessions that are no longer active, as `expired` or `idle`, at the time when they stopped being
   * active; gives the events. Several may try at once: one does it, and none waits for another.
   */
  readonly sweep: (now: DateTime.Utc, limit: number) => Effect.Effect<ReadonlyArray<SessionEvent>, SessionRepoError>
  /**
   * Ends the user's active sessions with `user_deleted` and deletes the user, in one commit. Of sessions that were over and not
   * ended the log alone gets the end. `forget` follows.
   */
  readonly erase: (userId: UserId, actor: Actor, now: DateTime.Utc) => Effect.Effect<Endings, SessionRepoError>
  /**
   * Deletes the user's ended sessions and takes devices, places and addresses out of their events, in as many commits as it
   * takes. If it fails, some may be left; another time does the rest.
   */
  readonly forget: (userId: UserId) => Effect.Effect<void, SessionRepoError>
  /**
   * Deletes at most `limit` sessions that ended before this time; how many went. Their events stay. What has not ended
   * stays, too, however old: `sweep` ends it first, with its event.
   */
  readonly purge: (before: DateTime.Utc, limit: number) => Effect.Effect<number, SessionRepoError>
  /** Runs the effect now or, inside a transaction of the caller's, once that has committed (never, if it did not). */
  readonly afterCommit: <R>(effect: Effect.Effect<void, never, R>) => Effect.Effect<void, never, R>
}>()("@sojourn/core/SessionRepo") {}
