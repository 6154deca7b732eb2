/** From what the handlers fail with to what a client is told. */
import type { InvalidSessionToken, SessionNotActive, SessionRepoError } from "@sojourn/core"
import { Effect } from "effect"
import { HttpEffect, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { Unauthorized, Unavailable } from "./Refusals.ts"

/** Every 401 says how to do better (RFC 9110, section 11.6.1). Browsers ask nobody for a password because of this one. */
const challenge = HttpEffect.appendPreResponseHandler((_, response) =>
  Effect.succeed(
    response.status === 401 ? HttpServerResponse.setHeader(response, "www-authenticate", "Bearer") : response
  )
)

/** Tells the client that nobody is signed in. */
export const unauthorized = (
  reason: Unauthorized["reason"]
): Effect.Effect<never, Unauthorized, HttpServerRequest.HttpServerRequest> =>
  Effect.andThen(challenge, Effect.fail(new Unauthorized({ reason })))

/** Tells the operator what happened, and the client nothing of it. */
export const unavailable = ({ message }: SessionRepoError): Effect.Effect<never, Unavailable> =>
  Effect.andThen(Effect.logError(message), Effect.fail(new Unavailable()))

/** For handlers that take a token. */
export const refuse = <A, R>(
  effect: Effect.Effect<A, InvalidSessionToken | SessionNotActive | SessionRepoError, R>
): Effect.Effect<A, Unauthorized | Unavailable, R | HttpServerRequest.HttpServerRequest> =>
  Effect.catchTags(effect, {
    InvalidSessionToken: () => unauthorized("invalid"),
    SessionNotActive: ({ reason }) => unauthorized(reason),
    SessionRepoError: unavailable
  })
