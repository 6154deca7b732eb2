/** One event for each change, and none besides. */
import { assert } from "@effect/vitest"
import type { Session, SessionEvent } from "@sojourn/core"
import { DateTime, Option } from "effect"

const mustTell = (session: Session): ReadonlyArray<string> => [
  `SessionCreated ${session.id} ${DateTime.formatIso(session.createdAt)}`,
  ...Option.toArray(session.end).map(({ at, reason }) =>
    `${reason === "session_limit_exceeded" ? "SessionEvicted" : "SessionRevoked"} ${session.id} ${
      DateTime.formatIso(at)
    }`
  )
]

const tells = (event: SessionEvent): ReadonlyArray<string> =>
  "sessionId" in event ? [`${event._tag} ${event.sessionId} ${DateTime.formatIso(event.at)}`] : []

/** Each session has one event for its beginning and, once it has ended, one for its end. */
export const assertToldOnce = (sessions: ReadonlyArray<Session>, events: ReadonlyArray<SessionEvent>): void =>
  assert.sameMembers(events.flatMap(tells), sessions.flatMap(mustTell))
