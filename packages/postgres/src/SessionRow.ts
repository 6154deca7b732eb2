/** A session as the table `sessions` holds it. */
import { Actor, EndReason, RefreshTokenId, Session, SessionEnd, SessionId, UserAgent, UserId } from "@sojourn/core"
import { Duration, Option, Schema, SchemaTransformation } from "effect"
import { DeviceColumn, LocationColumn } from "./Details.ts"
import { AddressFromInet } from "./Inet.ts"

const Instant = Schema.DateTimeUtcFromDate

/** `int8` comes as a bigint; a time-out in milliseconds fits a number by far. */
const MillisFromBigInt = Schema.BigInt.pipe(
  Schema.decodeTo(
    Schema.Duration,
    SchemaTransformation.transform({
      decode: (millis) => Duration.millis(Number(millis)),
      encode: (duration) => BigInt(Duration.toMillis(duration))
    })
  )
)

const Columns = Schema.Struct({
  id: SessionId,
  user_id: UserId,
  device: Schema.OptionFromNullOr(DeviceColumn),
  location: Schema.OptionFromNullOr(LocationColumn),
  ip_address: Schema.OptionFromNullOr(AddressFromInet),
  last_ip_address: Schema.OptionFromNullOr(AddressFromInet),
  user_agent: Schema.OptionFromNullOr(UserAgent),
  refresh_token_id: Schema.OptionFromNullOr(RefreshTokenId),
  created_at: Instant,
  last_activity_at: Instant,
  expires_at: Instant,
  idle_timeout_ms: Schema.OptionFromNullOr(MillisFromBigInt),
  trusted: Schema.Boolean,
  suspicious_activity_count: Schema.Int,
  ended_at: Schema.OptionFromNullOr(Instant),
  ended_reason: Schema.OptionFromNullOr(EndReason),
  ended_by_kind: Schema.OptionFromNullOr(Actor.fields.kind),
  ended_by_id: Schema.OptionFromNullOr(Schema.String),
  ended_by_ip: Schema.OptionFromNullOr(AddressFromInet)
})

const endOf = (row: typeof Columns.Type): Option.Option<SessionEnd> =>
  Option.map(
    Option.all({ at: row.ended_at, reason: row.ended_reason, kind: row.ended_by_kind }),
    ({ at, kind, reason }) =>
      SessionEnd.make({ at, reason, actor: Actor.make({ kind, id: row.ended_by_id, ipAddress: row.ended_by_ip }) })
  )

/** Row to session and back. The secret's hash is not part of a session and stays in the table. */
export const SessionRow = Columns.pipe(
  Schema.decodeTo(
    Schema.toType(Session),
    SchemaTransformation.transform({
      decode: (row) =>
        Session.make({
          id: row.id,
          userId: row.user_id,
          device: row.device,
          location: row.location,
          ipAddress: row.ip_address,
          lastIpAddress: row.last_ip_address,
          userAgent: row.user_agent,
          refreshTokenId: row.refresh_token_id,
          createdAt: row.created_at,
          lastActivityAt: row.last_activity_at,
          expiresAt: row.expires_at,
          idleTimeout: row.idle_timeout_ms,
          trusted: row.trusted,
          suspiciousActivityCount: row.suspicious_activity_count,
          end: endOf(row)
        }),
      encode: (session) => ({
        id: session.id,
        user_id: session.userId,
        device: session.device,
        location: session.location,
        ip_address: session.ipAddress,
        last_ip_address: session.lastIpAddress,
        user_agent: session.userAgent,
        refresh_token_id: session.refreshTokenId,
        created_at: session.createdAt,
        last_activity_at: session.lastActivityAt,
        expires_at: session.expiresAt,
        idle_timeout_ms: session.idleTimeout,
        trusted: session.trusted,
        suspicious_activity_count: session.suspiciousActivityCount,
        ended_at: Option.map(session.end, (end) => end.at),
        ended_reason: Option.map(session.end, (end) => end.reason),
        ended_by_kind: Option.map(session.end, (end) => end.actor.kind),
        ended_by_id: Option.flatMap(session.end, (end) => end.actor.id),
        ended_by_ip: Option.flatMap(session.end, (end) => end.actor.ipAddress)
      })
    })
  )
)

/** The columns to select. */
export const sessionColumns = Object.keys(Columns.fields).join(", ")
