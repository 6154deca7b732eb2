/** What a commit writes: sessions as they will be, and the events that tell of it. */
import {
  type Candidate,
  createdEventId,
  endedEventId,
  EventId,
  type Session,
  SessionCreated,
  SessionEnd,
  type SessionEvent,
  SessionEvicted,
  SessionExpired,
  type SessionId,
  SessionRevoked,
  SessionsRevoked,
  system,
  type TokenReuse,
  userActor,
  type UserId
} from "@sojourn/core"
import { DateTime, Effect, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import * as Secrets from "./Secrets.ts"

export interface SessionChange {
  readonly sessions: ReadonlyArray<Session>
  readonly events: ReadonlyArray<SessionEvent>
  /** The secrets that the session has from then on, if they change. */
  readonly secrets?: readonly [SessionId, Secrets.Secrets]
}

export const nothing: SessionChange = { sessions: [], events: [] }

export const nextEventId = SecureRandom.SecureRandom.use((random) =>
  Effect.map(random.uuidV7(), (id) => EventId.make(id))
)

/** A login by the user themselves. */
export const created = ({ secretHash, session }: Candidate): SessionChange => ({
  sessions: [session],
  secrets: [session.id, Secrets.first(secretHash)],
  events: [SessionCreated.make({
    eventId: createdEventId(session.id),
    at: session.createdAt,
    userId: session.userId,
    actor: userActor(session.userId, session.ipAddress),
    sessionId: session.id,
    device: session.device,
    ipAddress: session.ipAddress,
    location: session.location,
    expiresAt: session.expiresAt
  })]
})

/** The sessions ended to hold the limit, with an event each, in their order. */
export const evicted = (
  sessions: ReadonlyArray<Session>,
  at: DateTime.Utc,
  evictedBy: Option.Option<SessionId>
): SessionChange => {
  const about = { at, reason: "session_limit_exceeded", actor: system } as const
  const end = SessionEnd.make(about)
  return {
    sessions: sessions.map((session) => session.ended(end)),
    events: sessions.map(({ device, id, userId }) =>
      SessionEvicted.make({ eventId: endedEventId(id), ...about, userId, sessionId: id, device, evictedBy })
    )
  }
}

/** One session ended, with its event. */
export const ended = (session: Session, end: SessionEnd, reuse: Option.Option<TokenReuse>): SessionChange => {
  const { device, id, userId } = session
  return {
    sessions: [session.ended(end)],
    events: [SessionRevoked.make({ eventId: endedEventId(id), ...end, userId, sessionId: id, device, reuse })]
  }
}

/** A session that is due ended at the time when it stopped being active, with its event. */
export const expired = (session: Session): SessionChange => {
  const { activeUntil: at, device, id, userId } = session
  const reason = DateTime.isLessThan(at, session.expiresAt) ? "idle" : "expired"
  const about = { at, reason, actor: system } as const
  return {
    sessions: [session.ended(SessionEnd.make(about))],
    events: [SessionExpired.make({ eventId: endedEventId(id), ...about, userId, sessionId: id, device })]
  }
}

/** The sessions of a user ended at once, with an event each and one for all; no session, no event. */
export const revoked = Effect.fnUntraced(function*(
  userId: UserId,
  sessions: ReadonlyArray<Session>,
  except: Option.Option<SessionId>,
  end: SessionEnd
) {
  if (sessions.length === 0) return nothing
  const { actor, at, reason } = end
  const each = sessions.map(({ device, id }) =>
    SessionRevoked.make({ eventId: endedEventId(id), at, userId, actor, sessionId: id, reason, device })
  )
  const all = SessionsRevoked.make({
    eventId: yield* nextEventId,
    at,
    userId,
    actor,
    reason,
    count: sessions.length,
    exceptSessionId: except
  })
  return { sessions: sessions.map((session) => session.ended(end)), events: [...each, all] } satisfies SessionChange
})
