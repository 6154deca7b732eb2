/** Lists of a user's sessions, a page at a time. */
import { type DateTime, type Option, Schema } from "effect"
import { Instant } from "./Instant.ts"
import type { Session } from "./Session.ts"
import { SessionId } from "./SessionId.ts"
import type { UserId } from "./User.ts"

/** A place in a list that is ordered by creation, then id. It stays good when its session is deleted. */
export class PageCursor extends Schema.Class<PageCursor>("@sojourn/core/PageCursor")({
  /** Of the session before it: when it was created. */
  createdAt: Instant,
  /** Of the same session; it tells apart those that were created in the same millisecond. */
  id: SessionId
}) {}

/** A page of a user's sessions, and how many there are. */
export interface SessionPage {
  /** Newest first, at most as many as were asked for. */
  readonly sessions: ReadonlyArray<Session>
  /** How many the user has in all, on whatever page, over or not. */
  readonly total: number
  /** How many of them are active at the query's `now`. */
  readonly active: number
}

/** Which of a user's sessions to list. */
export interface ListQuery {
  /** Whose. An unknown user has none. */
  readonly userId: UserId
  /** When a session counts as active. */
  readonly now: DateTime.Utc
  /** Those that are not active, too. */
  readonly all: boolean
  /** Only sessions older than this one: the last of the page before. */
  readonly before: Option.Option<PageCursor>
  /** At most so many. */
  readonly limit: number
}
