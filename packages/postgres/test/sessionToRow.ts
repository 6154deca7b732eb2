/** A session as the table holds it, by the names of the columns and in their order. */
import type { Session } from "@sojourn/core"
import { deviceColumn, locationColumn } from "@sojourn/postgres/Details"
import { DateTime, Duration, Option } from "effect"

export const sessionToRow = (session: Session) => {
  const end = Option.getOrNull(session.end)
  return {
    id: session.id,
    user_id: session.userId,
    device: Option.getOrNull(Option.map(session.device, deviceColumn)),
    location: Option.getOrNull(Option.map(session.location, locationColumn)),
    ip_address: Option.getOrNull(session.ipAddress),
    last_ip_address: Option.getOrNull(session.lastIpAddress),
    user_agent: Option.getOrNull(session.userAgent),
    refresh_token_id: Option.getOrNull(session.refreshTokenId),
    created_at: DateTime.toDate(session.createdAt),
    last_activity_at: DateTime.toDate(session.lastActivityAt),
    expires_at: DateTime.toDate(session.expiresAt),
    idle_timeout_ms: Option.getOrNull(Option.map(session.idleTimeout, (idle) => BigInt(Duration.toMillis(idle)))),
    trusted: session.trusted,
    suspicious_activity_count: session.suspiciousActivityCount,
    ended_at: end === null ? null : DateTime.toDate(end.at),
    ended_reason: end?.reason ?? null,
    ended_by_kind: end?.actor.kind ?? null,
    ended_by_id: end === null ? null : Option.getOrNull(end.actor.id),
    ended_by_ip: end === null ? null : Option.getOrNull(end.actor.ipAddress)
  }
}
