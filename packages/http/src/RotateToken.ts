/** A new token for the session that asks. */
import { rotateSession, type SessionToken } from "@sojourn/core"
import { Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { clientAddress } from "./ClientAddress.ts"
import { CurrentSession } from "./CurrentSession.ts"
import { notCached } from "./NotCached.ts"
import type { Unauthorized, Unavailable } from "./Refusals.ts"
import { refuse } from "./Refuse.ts"
import { sendToken } from "./SendToken.ts"

/** What rotating asks for. */
type Services = Effect.Services<ReturnType<typeof rotateSession>>

/**
 * For an endpoint by which somebody gains rights (OWASP ASVS 5.0, 7.2.4): the same session has a new token. The cookie is set, if that
 * is how the old one came; for clients with a bearer token, answer with the token that it gives. No cache keeps either answer. See
 * `rotateSession`.
 */
export const rotateToken: Effect.Effect<
  SessionToken,
  Unauthorized | Unavailable,
  CurrentSession | HttpServerRequest.HttpServerRequest | Services
> = Effect.gen(function*() {
  const { credential, session, token } = yield* CurrentSession
  yield* notCached
  const next = yield* refuse(rotateSession(token, yield* clientAddress))
  if (credential === "cookie") yield* sendToken({ token: next, expiresAt: session.expiresAt })
  return next
})
