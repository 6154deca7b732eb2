/** How sessions end. */
import { Effect, Option, Schema } from "effect"
import { instance } from "./Instance.ts"
import { Instant } from "./Instant.ts"
import { IpAddress } from "./IpAddress.ts"
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

/** Who did something to a session: the user, an administrator, or the system by its rules. `id` names the person. */
export class Actor extends Schema.Class<Actor>("@sojourn/core/Actor")({
  kind: Schema.Literals(["user", "administrator", "system"]),
  id: optional(printable(255)),
  /** From where it was done, where that is known. May be missing on the wire, as in events from before it was told. */
  ipAddress: optional(IpAddress).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null)))
}) {}

/** Sojourn itself, applying a policy. */
export const system = Actor.make({ kind: "system" })

/** The user themselves. */
export const byUser = (userId: UserId, ipAddress: Option.Option<IpAddress> = Option.none()): Actor =>
  instance(Actor, { kind: "user", id: Option.some(userId), ipAddress })

/** The one terminal transition of a session. */
export class SessionEnd extends Schema.Class<SessionEnd>("@sojourn/core/SessionEnd")({
  at: Instant,
  reason: EndReason,
  actor: Actor
}) {}
