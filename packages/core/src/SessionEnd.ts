/** How sessions end. */
import { Schema } from "effect"
import { Instant } from "./Instant.ts"
import { optional } from "./Optional.ts"
import { printable } from "./Text.ts"

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
  id: optional(printable(255))
}) {}

/** Sojourn itself, applying a policy. */
export const system = Actor.make({ kind: "system" })

/** The one terminal transition of a session. */
export class SessionEnd extends Schema.Class<SessionEnd>("@sojourn/core/SessionEnd")({
  at: Instant,
  reason: EndReason,
  actor: Actor
}) {}
