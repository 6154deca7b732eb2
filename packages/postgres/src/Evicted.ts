/** Sessions that a login or a lowered limit ended, as the statement reports them, and their events. */
import { type EventId, SessionEvicted, SessionExpired, type SessionId, system, type UserId } from "@sojourn/core"
import { instance } from "@sojourn/core/Instance"
import { DateTime, Option } from "effect"
import { type DeviceArray, deviceOf } from "./Details.ts"
import { oneOf, text } from "./Rows.ts"

/** A session that made room. */
export interface EvictedJson {
  readonly sessionId: SessionId
  readonly eventId: EventId
  readonly device: DeviceArray | null
}

/** In the column `expired`: a session that was due, at the time when it stopped being active. */
export interface ExpiredJson extends EvictedJson {
  readonly at: string
  readonly reason: SessionExpired["reason"]
}

const expiryReason = oneOf(SessionExpired.fields.reason.literals)

/** The events of sessions that were evicted at `at`, in the order in which the log has them. */
export const evictionEvents = (
  userId: UserId,
  at: DateTime.Utc,
  evictedBy: Option.Option<SessionId>,
  evicted: ReadonlyArray<EvictedJson>
) =>
  evicted.map((json) =>
    instance(SessionEvicted, {
      _tag: "SessionEvicted",
      eventId: text(json.eventId),
      at,
      userId,
      actor: system,
      sessionId: text(json.sessionId),
      reason: "session_limit_exceeded",
      device: deviceOf(json.device),
      evictedBy
    })
  )

/** The events of sessions that were due, in the order in which the log has them. */
export const expiryEvents = (userId: UserId, expired: ReadonlyArray<ExpiredJson>) =>
  expired.map((json) =>
    instance(SessionExpired, {
      _tag: "SessionExpired",
      eventId: text(json.eventId),
      at: DateTime.makeUnsafe(json.at),
      userId,
      actor: system,
      sessionId: text(json.sessionId),
      reason: expiryReason(json.reason),
      device: deviceOf(json.device)
    })
  )
