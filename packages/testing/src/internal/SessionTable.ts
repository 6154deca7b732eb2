/** Sessions in memory, by id and by user. Every change is one synchronous step, so that nobody sees half of it. */
import type { Session, SessionId, UserId } from "@sojourn/core"
import { DateTime, Iterable, Option } from "effect"

/** When the session stopped being active, or will. */
const overAt = (session: Session): DateTime.Utc =>
  Option.match(session.end, {
    onNone: () => session.activeUntil,
    onSome: ({ at }) => DateTime.min(at, session.activeUntil)
  })

export interface SessionTable {
  readonly get: (id: SessionId) => Option.Option<Session>
  readonly of: (userId: UserId) => ReadonlyArray<Session>
  /** Those that have not ended though they are no longer active, in the order in which they stopped being so. */
  readonly due: (now: DateTime.Utc) => ReadonlyArray<Session>
  /** At most `limit` of those that were over before this time. */
  readonly overBefore: (before: DateTime.Utc, limit: number) => ReadonlyArray<Session>
  /** Adds the sessions, or puts them in the place of those with the same ids. */
  readonly write: (sessions: ReadonlyArray<Session>) => void
  readonly remove: (sessions: ReadonlyArray<Session>) => void
}

export const make = (): SessionTable => {
  const byId = new Map<SessionId, Session>()
  const byUser = new Map<UserId, Map<SessionId, Session>>()

  const write = (session: Session) => {
    byId.set(session.id, session)
    byUser.set(session.userId, (byUser.get(session.userId) ?? new Map()).set(session.id, session))
  }
  const remove = (session: Session) => {
    byId.delete(session.id)
    const sessions = byUser.get(session.userId)
    sessions?.delete(session.id)
    if (sessions?.size === 0) byUser.delete(session.userId)
  }

  return {
    get: (id) => Option.fromUndefinedOr(byId.get(id)),
    of: (userId) => [...byUser.get(userId)?.values() ?? []],
    due: (now) =>
      [...byId.values()]
        .filter((session) => Option.isNone(session.end) && !session.isActive(now))
        .toSorted((a, b) => DateTime.Order(a.activeUntil, b.activeUntil)),
    overBefore: (before, limit) => [
      ...Iterable.take(
        Iterable.filter(byId.values(), (session) => DateTime.isLessThan(overAt(session), before)),
        limit
      )
    ],
    write: (sessions) => sessions.forEach(write),
    remove: (sessions) => sessions.forEach(remove)
  }
}
