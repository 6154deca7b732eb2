/** How sessions end. */
import { Effect, Option, Schema } from "effect"
import { instance } from "./Instance.ts"
import { Instant } from "./Instant.ts"
import { IpAddress, parseIpAddress } from "./IpAddress.ts"
import { optional } from "./Optional.ts"
import { printable } from "./Text.ts"
import type { UserId } from "./User.ts"

/** Why a session ended. The vocabulary is closed; the first reason stays. */
export const EndReason = Schema.Literals([
  "logout",
  "session_limit_exceeded",
  "password_changed",
  "admin_action",
  "security_concern",
  "rotation_reuse",
  "user_deleted",
  "expired",
  "idle"
])
export type EndReason = typeof EndReason.Type

/** Who did something to a session: the user, an administrator, or the system by its rules. */
export class Actor extends Schema.Class<Actor>("@sojourn/core/Actor")({
  /** `user`: the session's own; `administrator`: somebody of the application's; `system`: Sojourn, by a rule. */
  kind: Schema.Literals(["user", "administrator", "system"]),
  /** The user's id, or the administrator's by the application's own. Default: none, as for the system. */
  id: optional(printable(255)),
  /** From where it was done. Default: none. May be missing on the wire, as in events from before it was told. */
  ipAddress: optional(IpAddress).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null)))
}) {}

/** Sojourn itself, applying a policy. */
export const system = Actor.make({ kind: "system" })

/** The user themselves, from an address that was read before. */
export const userActor = (userId: UserId, ipAddress: Option.Option<IpAddress>): Actor =>
  instance(Actor, { kind: "user", id: Option.some(userId), ipAddress })

/** The user themselves. `ipAddress`, as it comes, is from where they do it. */
export const byUser = (userId: UserId, ipAddress: Option.Option<string> = Option.none()): Actor =>
  userActor(userId, Option.flatMap(ipAddress, parseIpAddress))

/** An administrator by the application's own id: 1 to 255 printable characters, else it throws. `ipAddress` as in `byUser`. */
export const byAdministrator = (id: string, ipAddress: Option.Option<string> = Option.none()): Actor =>
  Actor.make({ kind: "administrator", id: Option.some(id), ipAddress: Option.flatMap(ipAddress, parseIpAddress) })

/** The one terminal transition of a session. */
export class SessionEnd extends Schema.Class<SessionEnd>("@sojourn/core/SessionEnd")({
  /** From when on it is not active: for `expired` and `idle` when its time was over, not when a sweep saw it. */
  at: Instant,
  /** The first one stays, whatever is done later. */
  reason: EndReason,
  /** Who ended it: the `system` where a rule did. */
  actor: Actor
}) {}
