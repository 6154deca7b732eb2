/** Port of the suites: a session in any state, for cases that begin with one. */
import type { Session } from "@sojourn/core"
import { Context, type Effect } from "effect"

/** Lets a test begin with sessions that were used, trusted or suspected, without going through how they came to be so. */
export class SessionSeed extends Context.Service<SessionSeed, {
  /** Puts the session in the place of the one with its id, which was admitted before. Writes no event. */
  readonly put: (session: Session) => Effect.Effect<void>
}>()("@sojourn/testing/SessionSeed") {}
