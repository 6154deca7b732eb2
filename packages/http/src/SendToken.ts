/** The token on its way to the browser, and away from it. */
import type { SessionToken } from "@sojourn/core"
import { type DateTime, Effect, Redacted } from "effect"
import { HttpEffect, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { notCached } from "./NotCached.ts"
import { SessionCookie } from "./SessionCookie.ts"

const sendCookie = Effect.fnUntraced(function*(value: string, expires: Date) {
  const { name, path, sameSite, secure } = yield* SessionCookie
  yield* notCached // it is one person's answer
  yield* HttpEffect.appendPreResponseHandler((_, response) =>
    HttpServerResponse.setCookie(response, name, value, { path, sameSite, secure, httpOnly: true, expires }).pipe(
      // Name and path were checked when they were set, and tokens have no character that a cookie has not.
      Effect.orDie
    )
  )
})

/**
 * Has the answer of the request under way set the cookie: with what `createSession` gave, and until the session's end. Do not
 * send the token in the body as well (OWASP ASVS 5.0, 3.3.4).
 */
export const sendToken = (of: {
  readonly token: SessionToken
  readonly expiresAt: DateTime.Utc
}): Effect.Effect<void, never, HttpServerRequest.HttpServerRequest> =>
  sendCookie(Redacted.value(of.token), new Date(of.expiresAt.epochMilliseconds))

/** Has the answer of the request under way expire the cookie. It ends no session: `signOut` does both. */
export const expireToken: Effect.Effect<void, never, HttpServerRequest.HttpServerRequest> = sendCookie("", new Date(0))
