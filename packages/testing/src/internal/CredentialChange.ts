/** What a commit writes when a session is rotated, trusted or suspected. */
import {
  type Actor,
  type EventId,
  type Rotation,
  type Session,
  SessionRotated,
  SessionTrusted,
  SuspiciousActivityRecorded,
  userActor
} from "@sojourn/core"
import { type DateTime, Effect } from "effect"
import * as Secrets from "./Secrets.ts"
import { nextEventId, nothing, type SessionChange } from "./SessionChange.ts"

/** The secret replaced, by the user themselves. */
export const rotated = (session: Session, before: Secrets.Secrets, rotation: Rotation): SessionChange => {
  const { eventId, ipAddress, now } = rotation
  const { id: sessionId, userId } = session
  const actor = userActor(userId, ipAddress)
  return {
    sessions: [],
    secrets: [sessionId, Secrets.rotated(before, rotation)],
    events: [SessionRotated.make({ eventId, at: now, userId, actor, sessionId })]
  }
}

/** The device trusted; nothing, if it was before. */
export const trusted = Effect.fnUntraced(function*(session: Session, actor: Actor, at: DateTime.Utc) {
  if (session.trusted) return nothing
  const { id: sessionId, userId } = session
  return {
    sessions: [session.trust()],
    events: [SessionTrusted.make({ eventId: yield* nextEventId, at, userId, actor, sessionId })]
  } satisfies SessionChange
})

/** One more suspicious activity counted. */
export const suspected = (session: Session, eventId: EventId, actor: Actor, at: DateTime.Utc): SessionChange => {
  const after = session.suspected()
  const { id: sessionId, suspiciousActivityCount: count, userId } = after
  return {
    sessions: [after],
    events: [SuspiciousActivityRecorded.make({ eventId, at, userId, actor, sessionId, count })]
  }
}
