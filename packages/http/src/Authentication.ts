/** The middleware that lets in who has a session: its contract, without the code behind it, so that clients can share it. */
import { HttpApiMiddleware, HttpApiSecurity } from "effect/http-api"
import type { CurrentSession } from "./CurrentSession.ts"
import { CrossSiteRequest, Unauthorized, Unavailable } from "./Refusals.ts"

/**
 * Give it to endpoints, groups or an API (`.middleware(Authentication)`), and `layerAuthentication` to the API's Layer.
 *
 * A bearer token counts where there is one, whatever cookie comes with it; else the cookie does.
 */
export class Authentication extends HttpApiMiddleware.Service<Authentication, { provides: CurrentSession }>()(
  "@sojourn/http/Authentication",
  {
    security: {
      bearer: HttpApiSecurity.bearer,
      // Told to readers of the API's description; which cookie is read is in `SessionCookie`.
      cookie: HttpApiSecurity.apiKey({ in: "cookie", key: "__Host-session" })
    },
    error: [Unauthorized, CrossSiteRequest, Unavailable]
  }
) {}
