/** Sessions that a login or a lowered limit ended, as the statement reports them, and their events. */
import { endedEventId, SessionEvicted, SessionExpired, type SessionId, system, type UserId } from "@sojourn/core"
import { instance } from "@sojourn/core/Instance"
import { DateTime, Option } from "effect"
import { type DeviceColumn, deviceOf } from "./Details.ts"
import { oneOf, text } from "./Rows.ts"

/** A session that made room. */
export interface Evicted {
  readonly sessionId: SessionId
  readonly device: DeviceColumn | null
}

/** In the column `expired`: a session that was due, at the time when it stopped being active. */
export interface Expired extends Evicted {
  readonly at: string
  readonly reason: SessionExpired["reason"]
}

const expiryReason = oneOf(SessionExpired.fields.reason.literals)

/** The events of sessions that were evicted at `at`, in the order in which the log has them. */
export const evictionEvents = (
  userId: UserId,
  at: DateTime.Utc,
  evictedBy: Option.Option<SessionId>,
  evicted: ReadonlyArray<Evicted>
) =>
  evicted.map(({ device, sessionId }) =>
    instance(SessionEvicted, {
      _tag: "SessionEvicted",
      eventId: endedEventId(text(sessionId)),
      at,
      userId,
      actor: system,
      sessionId,
      reason: "session_limit_exceeded",
      device: deviceOf(device),
      evictedBy
    })
  )

/** The events of sessions that were due, in the order in which the log has them. */
export const expiryEvents = (userId: UserId, expired: ReadonlyArray<Expired>) =>
  expired.map(({ at, device, reason, sessionId }) =>
    instance(SessionExpired, {
      _tag: "SessionExpired",
      eventId: endedEventId(text(sessionId)),
      at: DateTime.makeUnsafe(at),
      userId,
      actor: system,
      sessionId,
      reason: expiryReason(reason),
      device: deviceOf(device)
    })
  )
