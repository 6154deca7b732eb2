/** What is one person's alone. */
import { Effect } from "effect"
import { HttpEffect, HttpServerResponse } from "effect/http"

/** Lets no cache keep the answer of the request under way (OWASP ASVS 5.0, 14.3.2; RFC 6749, section 5.1, of tokens). */
export const notCached = HttpEffect.appendPreResponseHandler((_, response) =>
  Effect.succeed(HttpServerResponse.setHeader(response, "cache-control", "no-store"))
)
