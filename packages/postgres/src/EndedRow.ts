/** Sessions that a statement ended, and the events that it wrote. */
import {
  endedEventId,
  type Ending,
  type Endings,
  type EventId,
  type SessionEnd,
  type SessionEvent,
  type SessionId,
  SessionRevoked,
  SessionsRevoked,
  type TokenReuse,
  type UserId
} from "@sojourn/core"
import { instance } from "@sojourn/core/Instance"
import { Option } from "effect"
import { type DeviceColumn, deviceOf } from "./Details.ts"
import { flag, text } from "./Rows.ts"

/** The columns, as the driver gives them: what this package wrote. */
export interface EndedRow {
  /** Null: the event for all. */
  readonly session_id: SessionId | null
  /** False: it ended shortly before. */
  readonly ended: boolean
  /** Of the event for all. */
  readonly event_id: EventId | null
  readonly device: DeviceColumn | null
}

/**
 * The ended ids and the events, in the order in which the log has them. Throws where a row is unreadable, which
 * `reading` catches.
 */
export const endings = (
  userId: UserId,
  exceptSessionId: Option.Option<SessionId>,
  { actor, at, reason }: SessionEnd,
  rows: ReadonlyArray<EndedRow>
): Endings => {
  const idsWhere = (now: boolean) =>
    rows.flatMap(({ ended, session_id }) => session_id !== null && ended === now ? [session_id] : [])
  const ended = idsWhere(true)
  const about = { at, userId, actor, reason }
  return {
    ended,
    endedBefore: idsWhere(false),
    events: rows.filter(({ ended }) => ended).map(({ device, event_id, session_id: sessionId }): SessionEvent =>
      sessionId === null
        ? instance(SessionsRevoked, {
          _tag: "SessionsRevoked",
          ...about,
          eventId: text(event_id!),
          count: ended.length,
          exceptSessionId
        })
        : instance(SessionRevoked, {
          _tag: "SessionRevoked",
          ...about,
          eventId: endedEventId(text(sessionId)),
          sessionId,
          device: deviceOf(device),
          reuse: Option.none()
        })
    )
  }
}

/** The columns, as the driver gives them: what this package wrote. */
export interface EndingRow {
  readonly session_id: SessionId
  /** Null: there is no such session. While `busy`: whose lock it is. */
  readonly user_id: UserId | null
  readonly changed: boolean
  readonly device: DeviceColumn | null
  /** Another transaction holds the user's lock, and the statement was told not to wait: nothing was done. */
  readonly busy: boolean
}

/** What ending one session did. Throws where the row is unreadable, which `reading` catches. */
export const ending = (
  userId: UserId,
  { actor, at, reason }: SessionEnd,
  reuse: Option.Option<TokenReuse>,
  { changed, device, session_id: sessionId }: EndingRow
): Ending => ({
  userId,
  changed: flag(changed),
  events: changed
    ? [
      instance(SessionRevoked, {
        _tag: "SessionRevoked",
        eventId: endedEventId(text(sessionId)),
        at,
        userId,
        actor,
        reason,
        sessionId,
        device: deviceOf(device),
        reuse
      })
    ]
    : []
})
