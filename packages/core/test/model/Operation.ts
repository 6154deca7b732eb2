/** One call of a handler, as the promises see it. */
import type { SecretHash, SessionId } from "@sojourn/core"
import { Context } from "effect"

export const operations = ["validate", "touch", "rotate", "revoke", "revokeAll", "sweep", "create"] as const

export interface Operation {
  readonly name: typeof operations[number]
  /** The process that runs it. */
  readonly process: number
  /** When it started: the number of the step, and the time. */
  readonly startedIn: number
  readonly startedAt: number
  /** The token that it presents. */
  readonly sessionId: SessionId | undefined
  readonly secret: SecretHash | undefined
  /** Until when the presented session was active as it started. */
  readonly activeUntil: number
  /** The sessions that it has ended, or ended again. */
  readonly ends: Set<SessionId>
  /** The secrets that it has replaced. */
  readonly replaces: Set<SecretHash>
}

/** The operation that a fiber belongs to; background fibers belong to none. */
export const CurrentOperation = Context.Reference<Operation | undefined>("test/CurrentOperation", {
  defaultValue: () => undefined
})
