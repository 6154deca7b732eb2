/** What happens when a secret is used that was replaced long ago: somebody has a copy of it. */
import { type DateTime, Effect, Option } from "effect"
import { commitThenTell } from "./CommitThenTell.ts"
import type { IpAddress } from "./IpAddress.ts"
import type { SecretMatch } from "./MatchSecret.ts"
import type { Session } from "./Session.ts"
import { Actor, SessionEnd, system } from "./SessionEnd.ts"
import { SessionNotActive } from "./SessionErrors.ts"
import type { TokenReuse } from "./SessionEvent.ts"
import { type Ending, type Late, SessionRepo } from "./SessionRepo.ts"

/**
 * Ends the session with `rotation_reuse` and fails with it (RFC 9700, 4.14.2, does so for refresh tokens). The
 * predecessor of the current secret, presented after its grace, may be a `late_retry`; an older one is a `theft`.
 * `ipAddress`: from where it was used, where that is known.
 */
export const endForReuse = Effect.fn("sojourn.endForReuse")(
  function*(
    session: Session,
    used: SecretMatch,
    now: DateTime.Utc,
    ipAddress: Option.Option<IpAddress> = Option.none()
  ) {
    const repo = yield* SessionRepo
    const reason = "rotation_reuse"
    const reuse: TokenReuse = used === "previous" ? "late_retry" : "theft"
    const actor = Actor.make({ ...system, ipAddress })
    yield* commitThenTell(
      (late: Late<Ending>) => {
        const end = SessionEnd.make({ at: now, reason, actor })
        return repo.end(session.id, end, { owner: Option.none(), reuse: Option.some(reuse) }, late)
      },
      ({ events }) => ({ userId: session.userId, now, ended: [session.id], events })
    )
    return yield* new SessionNotActive({ sessionId: session.id, reason })
  },
  // Whoever deleted the session meanwhile has ended it for good.
  Effect.catchTag(
    ["SessionNotFound", "NotSessionOwner"],
    ({ sessionId }) => Effect.fail(new SessionNotActive({ sessionId, reason: "rotation_reuse" }))
  )
)
