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
import { type DeviceArray, deviceOf, type LocationArray, locationOf } from "./Details.ts"
import { addressOf } from "./Inet.ts"
import { flag, integer, oneOf, optionalText, text } from "./Rows.ts"

/** The columns, as the driver gives them: what this package wrote. */
export interface SessionRow {
  readonly id: SessionId
  readonly user_id: UserId
  readonly device: DeviceArray | null
  readonly location: LocationArray | null
  readonly ip_address: string | null
  readonly last_ip_address: string | null
  readonly user_agent: UserAgent | null
  readonly refresh_token_id: RefreshTokenId | null
  readonly created_at: Date
  readonly last_activity_at: Date
  readonly expires_at: Date
  readonly idle_timeout_ms: bigint | null
  readonly trusted: boolean
  /** Null: none. */
  readonly suspicious_activity_count: number | null
  readonly ended_at: Date | null
  /** Null: it has not ended; so are the kind and the rest. */
  readonly ended_reason: EndReason | null
  readonly ended_by_kind: Actor["kind"] | null
  readonly ended_by_id: string | null
  readonly ended_by_ip: string | null
}

/** The columns to select. The secret's hash is not part of a session and stays in the table. */
export const sessionColumns =
  "id, user_id, device, location, ip_address, last_ip_address, user_agent, refresh_token_id, created_at, " +
  "last_activity_at, expires_at, idle_timeout_ms, trusted, suspicious_activity_count, ended_at, ended_reason, " +
  "ended_by_kind, ended_by_id, ended_by_ip"

const actorKind = oneOf(Actor.fields.kind.literals)
const endReason = oneOf(EndReason.literals)

const endOf = (row: SessionRow): Option.Option<SessionEnd> => {
  const { ended_at: at, ended_by_kind: kind, ended_reason: reason } = row
  if (at === null || reason === null || kind === null) return Option.none()
  const actor = instance(Actor, {
    kind: actorKind(kind),
    id: optionalText(row.ended_by_id),
    ipAddress: addressOf(row.ended_by_ip)
  })
  return Option.some(instance(SessionEnd, { at: DateTime.fromDateUnsafe(at), reason: endReason(reason), actor }))
}

/** The session of a row with `sessionColumns`. Throws where it is unreadable, which `reading` catches. */
export const sessionOf = (row: SessionRow): Session =>
  instance(Session, {
    id: text(row.id),
    userId: text(row.user_id),
    device: deviceOf(row.device),
    location: locationOf(row.location),
    ipAddress: addressOf(row.ip_address),
    lastIpAddress: addressOf(row.last_ip_address),
    userAgent: optionalText(row.user_agent),
    refreshTokenId: optionalText(row.refresh_token_id),
    createdAt: DateTime.fromDateUnsafe(row.created_at),
    lastActivityAt: DateTime.fromDateUnsafe(row.last_activity_at),
    expiresAt: DateTime.fromDateUnsafe(row.expires_at),
    idleTimeout: row.idle_timeout_ms === null
      ? Option.none()
      : Option.some(Duration.millis(Number(row.idle_timeout_ms))),
    trusted: flag(row.trusted),
    suspiciousActivityCount: integer(row.suspicious_activity_count ?? 0),
    end: endOf(row)
  })
