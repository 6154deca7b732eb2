/** The session that asks. */
import type { CachedSession, SessionToken } from "@sojourn/core"
import { Context } from "effect"

/** What proved the session. A browser sends a cookie by itself, also when another site makes it ask; nothing sends a bearer token by itself. */
export type SessionCredential = "cookie" | "bearer"

/** The session that asks, its token, and how the token came. `Authentication` provides it to the endpoints behind it. */
export class CurrentSession extends Context.Service<CurrentSession, {
  /** In short; `getSession` has all that is known of it. It has the hash of the secret: answer with the fields that you mean to show. */
  readonly session: CachedSession
  /** As the client sent it. */
  readonly token: SessionToken
  /** How the client sent it. */
  readonly credential: SessionCredential
}>()("@sojourn/http/CurrentSession") {}
