/** Events in memory, each at a position that it keeps for good. */
import {
  Actor,
  type EventQuery,
  LoggedEvent,
  SessionCreated,
  type SessionEvent,
  SessionEvicted,
  SessionExpired,
  SessionRevoked,
  SessionRotated,
  SessionsRevoked,
  SessionTrusted,
  SuspiciousActivityRecorded,
  type UserId
} from "@sojourn/core"
import { DateTime, Option } from "effect"

export interface EventTable {
  readonly append: (events: ReadonlyArray<SessionEvent>) => void
  /** The next events after a position, of one user, of one session or of all. */
  readonly read: (query: EventQuery) => ReadonlyArray<LoggedEvent>
  /** The position of the last event that was ever appended; 0 before the first. */
  readonly last: () => number
  /** Removes those of the first `limit` events that are from before this time; how many it was. */
  readonly purge: (before: DateTime.Utc, limit: number) => number
  /** Takes devices, places and addresses out of the user's events. */
  readonly forget: (userId: UserId) => void
}

const absent = Option.none()

/** The event without what tells of the person. */
const anonymous = (event: SessionEvent): SessionEvent => {
  const actor = Actor.make({ ...event.actor, ipAddress: absent })
  switch (event._tag) {
    case "SessionCreated":
      return SessionCreated.make({ ...event, actor, device: absent, location: absent, ipAddress: absent })
    case "SessionEvicted":
      return SessionEvicted.make({ ...event, actor, device: absent })
    case "SessionRevoked":
      return SessionRevoked.make({ ...event, actor, device: absent })
    case "SessionsRevoked":
      return SessionsRevoked.make({ ...event, actor })
    case "SessionExpired":
      return SessionExpired.make({ ...event, actor, device: absent })
    case "SessionRotated":
      return SessionRotated.make({ ...event, actor })
    case "SessionTrusted":
      return SessionTrusted.make({ ...event, actor })
    case "SuspiciousActivityRecorded":
      return SuspiciousActivityRecorded.make({ ...event, actor })
  }
}

const concerns = ({ sessionId = absent, userId = absent }: EventQuery, { event }: LoggedEvent): boolean =>
  Option.match(userId, { onNone: () => true, onSome: (id) => id === event.userId }) &&
  Option.match(sessionId, { onNone: () => true, onSome: (id) => "sessionId" in event && id === event.sessionId })

export const make = (): EventTable => {
  let entries: Array<LoggedEvent> = []
  let last = 0

  return {
    append: (events) => {
      for (const event of events) entries.push(LoggedEvent.make({ position: ++last, event }))
    },
    read: (query) => {
      const read: Array<LoggedEvent> = []
      for (const entry of entries) {
        if (read.length >= query.limit) break
        if (entry.position > query.after && concerns(query, entry)) read.push(entry)
      }
      return read
    },
    last: () => last,
    purge: (before, limit) => {
      const isOld = (entry: LoggedEvent, at: number) => at < limit && DateTime.isLessThan(entry.event.at, before)
      const kept = entries.filter((entry, at) => !isOld(entry, at))
      const purged = entries.length - kept.length
      entries = kept
      return purged
    },
    forget: (userId) => {
      entries = entries.map((entry) =>
        entry.event.userId === userId
          ? LoggedEvent.make({ position: entry.position, event: anonymous(entry.event) })
          : entry
      )
    }
  }
}
