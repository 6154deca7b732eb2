/** Record that a session was used. */
import { DateTime, Effect, Option } from "effect"
import { ActivityWriter } from "./ActivityWriter.ts"
import type { CachedSession } from "./CachedSession.ts"
import { parseIpAddress } from "./IpAddress.ts"

/**
 * Records that the session was used now, and from where. Costs the request nothing: activities are written in batches,
 * each session's at most once a tenth of its idle timeout (at most a minute). Keeps the session from going idle; never
 * moves its absolute expiry; does nothing to a session that is over.
 */
export const touchSession: (
  session: CachedSession,
  ipAddress?: Option.Option<string>
) => Effect.Effect<void, never, ActivityWriter> = Effect.fnUntraced(
  function*(session, ipAddress = Option.none()) {
    const writer = yield* ActivityWriter
    const at = yield* DateTime.now
    const activity = { sessionId: session.id, at, ipAddress: Option.flatMap(ipAddress, parseIpAddress) }
    yield* writer.record(session, activity)
  }
)
