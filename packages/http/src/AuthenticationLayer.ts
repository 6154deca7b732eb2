/** The code behind `Authentication`. */
import { type SessionToken, touchSession, validateSession } from "@sojourn/core"
import { Effect, Layer, Redacted } from "effect"
import { HttpServerRequest } from "effect/http"
import { Authentication } from "./Authentication.ts"
import { clientAddress } from "./ClientAddress.ts"
import { refuseCrossSite } from "./CrossSite.ts"
import { CurrentSession, type SessionCredential } from "./CurrentSession.ts"
import { Unauthorized, type Unavailable } from "./Refusals.ts"
import { refuse, unauthorized } from "./Refuse.ts"
import { SessionCookie } from "./SessionCookie.ts"

/** What checking a token and recording activity ask for. */
type Services =
  | Effect.Services<ReturnType<typeof validateSession>>
  | Effect.Services<ReturnType<typeof touchSession>>

const authenticate = Effect.fnUntraced(function*(token: SessionToken, credential: SessionCredential) {
  const { session } = yield* refuse(validateSession(token))
  yield* touchSession(session, yield* clientAddress)
  return CurrentSession.of({ session, token, credential })
})

/**
 * Checks the token of a request (`validateSession`), records the activity and where it came from (`touchSession`, `ClientAddress`), and
 * gives the endpoint its `CurrentSession`.
 *
 * Fails with `Unauthorized` and the reason, with `CrossSiteRequest` where a request by cookie changes something and does not come from
 * the application's own pages (`refuseCrossSite`), and with `Unavailable` where the store has to be asked and is away.
 */
export const layerAuthentication: Layer.Layer<Authentication, never, Services> = Layer.effect(
  Authentication,
  Effect.gen(function*() {
    const services = yield* Effect.context<Services>()
    // HttpApi tries one scheme after the other, and tells why the last one failed: a request whose bearer token was refused is not to be
    // let in, and not to be told anything else, because of its cookie.
    const refused = new WeakMap<HttpServerRequest.HttpServerRequest, Unauthorized | Unavailable>()

    return Authentication.of({
      bearer: Effect.fnUntraced(function*(endpoint, { credential: token }) {
        const request = yield* HttpServerRequest.HttpServerRequest
        if (Redacted.value(token) === "") return yield* new Unauthorized({ reason: "invalid" })
        const current = yield* authenticate(token, "bearer").pipe(
          Effect.tapError((error) => Effect.sync(() => refused.set(request, error))),
          Effect.provideContext(services)
        )
        return yield* Effect.provideService(endpoint, CurrentSession, current)
      }),
      cookie: Effect.fnUntraced(function*(endpoint) {
        const request = yield* HttpServerRequest.HttpServerRequest
        const before = refused.get(request)
        if (before !== undefined) return yield* before
        const { name } = yield* SessionCookie
        const token = request.cookies[name]
        if (token === undefined) return yield* unauthorized("invalid")
        yield* refuseCrossSite
        const current = yield* Effect.provideContext(authenticate(Redacted.make(token), "cookie"), services)
        return yield* Effect.provideService(endpoint, CurrentSession, current)
      })
    })
  })
)
