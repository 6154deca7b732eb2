/** Events in memory, each at a position that it keeps for good. */
import {
  LoggedEvent,
  SessionCreated,
  type SessionEvent,
  SessionEvicted,
  SessionExpired,
  SessionRevoked,
  type UserId
} from "@sojourn/core"
import { DateTime, Option } from "effect"

export interface EventTable {
  readonly append: (events: ReadonlyArray<SessionEvent>) => void
  /** The next events after a position, of one user or of all. */
  readonly read: (after: number, limit: number, userId: Option.Option<UserId>) => ReadonlyArray<LoggedEvent>
  /** Removes those of the first `limit` events that are from before this time; how many it was. */
  readonly purge: (before: DateTime.Utc, limit: number) => number
  /** Takes devices, places and addresses out of the user's events. */
  readonly forget: (userId: UserId) => void
}

const absent = Option.none()

/** The event without what tells of the person. */
const anonymous = (event: SessionEvent): SessionEvent => {
  switch (event._tag) {
    case "SessionCreated":
      return SessionCreated.make({ ...event, device: absent, location: absent, ipAddress: absent })
    case "SessionEvicted":
      return SessionEvicted.make({ ...event, device: absent })
    case "SessionRevoked":
      return SessionRevoked.make({ ...event, device: absent })
    case "SessionExpired":
      return SessionExpired.make({ ...event, device: absent })
    default:
      return event
  }
}

export const make = (): EventTable => {
  let entries: Array<LoggedEvent> = []
  let last = 0

  return {
    append: (events) => {
      for (const event of events) entries.push(LoggedEvent.make({ position: ++last, event }))
    },
    read: (after, limit, userId) => {
      const read: Array<LoggedEvent> = []
      for (const entry of entries) {
        if (read.length >= limit) break
        if (entry.position > after && (Option.isNone(userId) || userId.value === entry.event.userId)) read.push(entry)
      }
      return read
    },
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
