/** Sessions in memory, by id and by user. Every change is one synchronous step, so that nobody sees half of it. */
import type { Session, SessionId, UserId } from "@sojourn/core"
import { DateTime, Iterable, Option, Order } from "effect"

/** In the order in which they stop being active; those of the same time by id. */
export const byEnd: Order.Order<Session> = Order.combine(
  Order.mapInput(DateTime.Order, (session) => session.activeUntil),
  Order.mapInput(Order.String, (session) => session.id)
)

export interface SessionTable {
  readonly get: (id: SessionId) => Option.Option<Session>
  readonly of: (userId: UserId) => ReadonlyArray<Session>
  /** Those that have not ended though they are no longer active, in the order in which they stopped being so. */
  readonly due: (now: DateTime.Utc) => ReadonlyArray<Session>
  /** At most `limit` of those that ended before this time. */
  readonly endedBefore: (before: DateTime.Utc, limit: number) => ReadonlyArray<Session>
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
        .toSorted(byEnd),
    endedBefore: (before, limit) => [
      ...Iterable.take(
        Iterable.filter(byId.values(), ({ end }) => Option.exists(end, ({ at }) => DateTime.isLessThan(at, before))),
        limit
      )
    ],
    write: (sessions) => sessions.forEach(write),
    remove: (sessions) => sessions.forEach(remove)
  }
}
