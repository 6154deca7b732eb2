/** Show a person where they are signed in. */
import { DateTime, Effect, Option, Schema } from "effect"
import { instance } from "./Instance.ts"
import { optional } from "./Optional.ts"
import type { Session } from "./Session.ts"
import { SessionId } from "./SessionId.ts"
import { PageCursor } from "./SessionPage.ts"
import { SessionRepo, type SessionRepoError } from "./SessionRepo.ts"
import { UserId } from "./User.ts"

/** Which sessions to list, newest first. */
export class ListSessions extends Schema.Class<ListSessions>("@sojourn/core/ListSessions")({
  /** Whose sessions. An unknown user has none. */
  userId: UserId,
  /** Ended, expired and idle ones too. Default: only active ones. */
  all: Schema.Boolean.pipe(Schema.withConstructorDefault(Effect.succeed(false))),
  /** At most so many, from 1 to 1,000. Default: 100. */
  limit: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })).pipe(
    Schema.withConstructorDefault(Effect.succeed(100))
  ),
  /** The session that asks, to be marked in the list. */
  current: optional(SessionId),
  /** Where the page before ended: its `next`. */
  before: optional(PageCursor)
}) {}

/** A session in a list, and whether it is active now. */
export interface ListedSession {
  /** All that is known of it; no secret is in it. */
  readonly session: Session
  /** At the time of the listing. */
  readonly active: boolean
  /** Whether it is the one that asks, as `ListSessions.current` says. */
  readonly current: boolean
}

/** A page of a user's sessions, and how many there are. */
export interface SessionList {
  /** Newest first, at most as many as were asked for. */
  readonly sessions: ReadonlyArray<ListedSession>
  /** Where the next page begins, to be given as its `before`; none after the last one. */
  readonly next: Option.Option<PageCursor>
  /** How many sessions of the user are kept, on whatever page, over or not, also where only active ones are listed. */
  readonly total: number
  /** How many of them are active, on whatever page. */
  readonly active: number
}

/** A page of a user's sessions. An unknown user has none. Fails with `SessionRepoError`. */
export const listSessions: (
  query: ListSessions
) => Effect.Effect<SessionList, SessionRepoError, SessionRepo> = Effect.fn("sojourn.listSessions")(function*(query) {
  yield* Effect.annotateCurrentSpan("user.id", query.userId)
  const repo = yield* SessionRepo
  const now = yield* DateTime.now
  const { active, sessions, total } = yield* repo.list({
    userId: query.userId,
    now,
    all: query.all,
    before: query.before,
    // One more tells whether there is another page.
    limit: query.limit + 1
  })
  const page = sessions.slice(0, query.limit)
  const last = sessions.length > query.limit ? page.at(-1) : undefined
  return {
    sessions: page.map((session) => ({
      session,
      active: session.isActive(now),
      current: Option.contains(query.current, session.id)
    })),
    next: Option.map(
      Option.fromUndefinedOr(last),
      ({ createdAt, id }) => instance(PageCursor, { createdAt, id })
    ),
    total,
    active
  }
})
