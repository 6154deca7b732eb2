/** Requests that another site makes a browser send. */
import { Context, Effect } from "effect"
import { HttpServerRequest } from "effect/http"
import { CrossSiteRequest } from "./Refusals.ts"

/**
 * Other origins whose pages may change something with the cookie, such as `https://www.shop.example` for a server at
 * `https://api.shop.example`. Written as browsers write them: lower case, no slash at the end. Default: none, only pages of the
 * server's own origin. From another site (`https://app.example`) browsers send the cookie only with `sameSite` `none`, if at all.
 */
export const TrustedOrigins = Context.Reference<ReadonlyArray<string>>("@sojourn/http/TrustedOrigins", {
  defaultValue: () => []
})

/** Methods that change nothing (RFC 9110, section 9.2.1). */
const safe: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"])

/** A WebSocket begins with a GET, and no CORS keeps other sites from what comes after (OWASP ASVS 5.0, 4.4.2). */
const changesNothing = ({ headers, method }: HttpServerRequest.HttpServerRequest): boolean =>
  safe.has(method) && headers["upgrade"]?.toLowerCase() !== "websocket"

/** `none`: the user's own doing, as by the address bar. `same-site` is refused, too: a subdomain may be somebody else's. */
const own: ReadonlySet<string> = new Set(["same-origin", "none"])

const isOwn = ({ headers }: HttpServerRequest.HttpServerRequest): boolean => {
  const site = headers["sec-fetch-site"]
  if (site !== undefined) return own.has(site)
  const { host, origin } = headers
  return origin !== undefined && host !== undefined && URL.parse(origin)?.host === host.toLowerCase()
}

/**
 * Fails with `CrossSiteRequest` unless the request under way changes nothing (GET, HEAD, OPTIONS, but no WebSocket), comes from an origin in
 * `TrustedOrigins`, or from the application's own pages: by `Sec-Fetch-Site`, which pages cannot forge, or, from browsers without it, by
 * `Origin`. A request with neither is refused (OWASP Cross-Site Request Forgery Prevention Cheat Sheet; ASVS 5.0, 3.5.1).
 *
 * `Authentication` asks it of requests by cookie. Ask it yourself where a cookie is handed out, so that no other site signs
 * somebody in as somebody else.
 */
export const refuseCrossSite: Effect.Effect<void, CrossSiteRequest, HttpServerRequest.HttpServerRequest> = Effect.gen(
  function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    if (changesNothing(request) || isOwn(request)) return
    const origin = request.headers["origin"]
    if (origin === undefined || !(yield* TrustedOrigins).includes(origin)) return yield* new CrossSiteRequest()
  }
)
