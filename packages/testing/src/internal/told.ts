/** One event for each change, and none besides. */
import { assert } from "@effect/vitest"
import type { EndReason, Session, SessionEvent } from "@sojourn/core"
import { DateTime, Option } from "effect"

const endTag = (reason: EndReason) =>
  reason === "session_limit_exceeded"
    ? "SessionEvicted"
    : reason === "expired" || reason === "idle"
    ? "SessionExpired"
    : "SessionRevoked"

const mustTell = (session: Session): ReadonlyArray<string> => [
  `SessionCreated ${session.id} ${DateTime.formatIso(session.createdAt)}`,
  ...Option.toArray(session.end).map(({ at, reason }) => `${endTag(reason)} ${session.id} ${DateTime.formatIso(at)}`)
]

const tells = (event: SessionEvent): ReadonlyArray<string> =>
  "sessionId" in event && (event._tag === "SessionCreated" || "reason" in event)
    ? [`${event._tag} ${event.sessionId} ${DateTime.formatIso(event.at)}`]
    : []

/** Each session has one event for its beginning and, once it has ended, one for its end. */
export const assertToldOnce = (sessions: ReadonlyArray<Session>, events: ReadonlyArray<SessionEvent>): void =>
  assert.sameMembers(events.flatMap(tells), sessions.flatMap(mustTell))
