/** What a request tells of a login. */
import type { CreateSession } from "@sojourn/core"
import { Effect, Option } from "effect"
import { HttpServerRequest } from "effect/http"
import { clientAddress } from "./ClientAddress.ts"

/**
 * The fields of `CreateSession` that are in the request under way: its address (`ClientAddress`), the user agent, and the client hints,
 * which are all headers that begin with `sec-ch-ua`. Browsers send most hints only after they were asked, by the response header
 * `Accept-CH` of an earlier page (W3C draft "User-Agent Client Hints").
 *
 * @example
 * createSession(CreateSession.make({ userId, ...(yield* loginFacts) }))
 */
export const loginFacts: Effect.Effect<
  Pick<CreateSession, "ipAddress" | "userAgent" | "clientHints">,
  never,
  HttpServerRequest.HttpServerRequest
> = Effect.gen(function*() {
  const { headers } = yield* HttpServerRequest.HttpServerRequest
  return {
    ipAddress: yield* clientAddress,
    userAgent: Option.fromUndefinedOr(headers["user-agent"]),
    clientHints: Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("sec-ch-ua")))
  }
})
