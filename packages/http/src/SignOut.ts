/** The end of the session that asks. */
import { byUser, RevokeSession, revokeSession } from "@sojourn/core"
import { Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { clientAddress } from "./ClientAddress.ts"
import { CurrentSession } from "./CurrentSession.ts"
import type { Unavailable } from "./Refusals.ts"
import { unavailable } from "./Refuse.ts"
import { expireToken } from "./SendToken.ts"

/** What revoking asks for. */
type Services = Effect.Services<ReturnType<typeof revokeSession>>

/** The session ends as `logout` (OWASP ASVS 5.0, 7.4.1), and the browser forgets its token, if it came in the cookie. */
export const signOut: Effect.Effect<
  void,
  Unavailable,
  CurrentSession | HttpServerRequest.HttpServerRequest | Services
> = Effect.gen(function*() {
  const { credential, session } = yield* CurrentSession
  const actor = byUser(session.userId, yield* clientAddress)
  yield* revokeSession(RevokeSession.make({ sessionId: session.id, actor })).pipe(
    Effect.catchTags({
      // It was there a moment ago: it has been deleted since, and nobody is signed in by it.
      SessionNotFound: () => Effect.void,
      NotSessionOwner: () => Effect.void,
      SessionRepoError: unavailable
    })
  )
  if (credential === "cookie") yield* expireToken
})
