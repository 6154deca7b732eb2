/** Sessions that a login or a lowered limit ended, as the statement reports them, and their events. */
import { EventId, Instant, SessionEvicted, SessionExpired, SessionId, system, type UserId } from "@sojourn/core"
import { type DateTime, type Option, Schema } from "effect"
import { DeviceColumn } from "./Details.ts"

const fields = { sessionId: SessionId, eventId: EventId, device: Schema.OptionFromNullOr(DeviceColumn) }

export const EvictedJson = Schema.Array(Schema.toCodecJson(Schema.Struct(fields)))

/** Those that were due, each at the time when it stopped being active. */
export const ExpiredJson = Schema.Array(
  Schema.toCodecJson(Schema.Struct({ ...fields, at: Instant, reason: SessionExpired.fields.reason }))
)

/** The events of sessions that were evicted at `at`, in the order in which the log has them. */
export const evictionEvents = (
  userId: UserId,
  at: DateTime.Utc,
  evictedBy: Option.Option<SessionId>,
  evicted: typeof EvictedJson.Type
) =>
  evicted.map(({ device, eventId, sessionId }) =>
    SessionEvicted.make({
      eventId,
      at,
      userId,
      actor: system,
      sessionId,
      reason: "session_limit_exceeded",
      device,
      evictedBy
    })
  )

/** The events of sessions that were due, in the order in which the log has them. */
export const expiryEvents = (userId: UserId, expired: typeof ExpiredJson.Type) =>
  expired.map(({ at, device, eventId, reason, sessionId }) =>
    SessionExpired.make({ eventId, at, userId, actor: system, sessionId, reason, device })
  )
