/** A session as the table `sessions` holds it. */
import {
  Actor,
  EndReason,
  type RefreshTokenId,
  Session,
  SessionEnd,
  type SessionId,
  type UserAgent,
  type UserId
} from "@sojourn/core"
import { instance } from "@sojourn/core/Instance"
import { DateTime, Duration, Option } from "effect"
import { type DeviceColumn, deviceOf, type LocationColumn, locationOf } from "./Details.ts"
import { addressOf } from "./Inet.ts"
import { flag, integer, oneOf, optionalText, text } from "./Rows.ts"

/** The columns, as the driver gives them: what this package wrote. */
export type SessionRow = readonly [
  id: SessionId,
  userId: UserId,
  device: DeviceColumn | null,
  location: LocationColumn | null,
  ipAddress: string | null,
  lastIpAddress: string | null,
  userAgent: UserAgent | null,
  refreshTokenId: RefreshTokenId | null,
  createdAt: Date,
  lastActivityAt: Date,
  expiresAt: Date,
  idleTimeoutMillis: bigint | null,
  trusted: boolean,
  /** Null: none. */
  suspiciousActivityCount: number | null,
  endedAt: Date | null,
  /** Null: it has not ended; so are the kind and the rest. */
  endedReason: EndReason | null,
  endedByKind: Actor["kind"] | null,
  endedById: string | null,
  endedByIp: string | null
]

/** The columns to select. The secret's hash is not part of a session and stays in the table. */
export const sessionColumns =
  "id, user_id, device::text, location::text, ip_address, last_ip_address, user_agent, refresh_token_id, " +
  "created_at, last_activity_at, expires_at, idle_timeout_ms, trusted, suspicious_activity_count, ended_at, " +
  "ended_reason, ended_by_kind, ended_by_id, ended_by_ip"

const actorKind = oneOf(Actor.fields.kind.literals)
const endReason = oneOf(EndReason.literals)

const endOf = (
  at: Date | null,
  reason: EndReason | null,
  kind: Actor["kind"] | null,
  id: string | null,
  ip: string | null
): Option.Option<SessionEnd> => {
  if (at === null || reason === null || kind === null) return Option.none()
  const actor = instance(Actor, { kind: actorKind(kind), id: optionalText(id), ipAddress: addressOf(ip) })
  return Option.some(instance(SessionEnd, { at: DateTime.fromDateUnsafe(at), reason: endReason(reason), actor }))
}

/** The session of a row with `sessionColumns`. Throws where it is unreadable, which `reading` catches. */
export const sessionOf = (row: SessionRow): Session => {
  // dprint-ignore
  const [
    id, userId, device, location, ip, lastIp, userAgent, refreshTokenId, createdAt, lastActivityAt, expiresAt,
    idleTimeoutMillis, trusted, suspicions, endedAt, endedReason, endedByKind, endedById, endedByIp
  ] = row
  return instance(Session, {
    id: text(id),
    userId: text(userId),
    device: deviceOf(device),
    location: locationOf(location),
    ipAddress: addressOf(ip),
    lastIpAddress: addressOf(lastIp),
    userAgent: optionalText(userAgent),
    refreshTokenId: optionalText(refreshTokenId),
    createdAt: DateTime.fromDateUnsafe(createdAt),
    lastActivityAt: DateTime.fromDateUnsafe(lastActivityAt),
    expiresAt: DateTime.fromDateUnsafe(expiresAt),
    idleTimeout: idleTimeoutMillis === null ? Option.none() : Option.some(Duration.millis(Number(idleTimeoutMillis))),
    trusted: flag(trusted),
    suspiciousActivityCount: integer(suspicions ?? 0),
    end: endOf(endedAt, endedReason, endedByKind, endedById, endedByIp)
  })
}
