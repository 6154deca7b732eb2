/** The cookie in which a browser keeps its token. */
import { Context, Effect, Layer, Schema } from "effect"

/** `lax`: other sites' links lead to signed-in pages; `strict`: they do not; `none`: other sites' requests carry the cookie. */
export const SameSite = Schema.Literals(["lax", "strict", "none"])
export type SameSite = typeof SameSite.Type

/** Browsers drop what breaks these rules without a word (RFC 6265bis, sections 4.1.3 and 5.7). */
const isKept = Schema.makeFilter<{
  readonly name: string
  readonly path: string
  readonly sameSite: SameSite
  readonly secure: boolean
}>(({ name, path, sameSite, secure }) => {
  const prefix = /^__(host|secure)-/i.exec(name)?.[1]?.toLowerCase()
  if (prefix !== undefined && !secure) return "a cookie whose name begins with __Host- or __Secure- must be secure"
  if (prefix === "host" && path !== "/") return "a cookie whose name begins with __Host- must have the path /"
  return sameSite !== "none" || secure || "a cookie with sameSite none must be secure"
})

/**
 * What can be chosen of the cookie. It is always `HttpOnly`, has no `Domain` (so it goes to this host alone), and ends with its session.
 * `make` throws for combinations that browsers drop.
 */
export class SessionCookieSettings extends Schema.Class<SessionCookieSettings>("@sojourn/http/SessionCookieSettings")(
  Schema.Struct({
    /** Default: `__Host-session`. The prefix keeps other hosts and plain HTTP from setting it (OWASP ASVS 5.0, 3.3.3). */
    name: Schema.String.check(Schema.isPattern(/^[\w!#$%&'*+.^`|~-]+$/, { expected: "a cookie's name" })).pipe(
      Schema.withConstructorDefault(Effect.succeed("__Host-session"))
    ),
    /** For which paths of the host the browser sends it. Default: `/`, which `__Host-` asks for. */
    path: Schema.String.check(Schema.isPattern(/^\/[!-:<-~]*$/, { expected: "a path" })).pipe(
      Schema.withConstructorDefault(Effect.succeed("/"))
    ),
    /** Default: `lax` (3.3.2). */
    sameSite: SameSite.pipe(Schema.withConstructorDefault(Effect.succeed("lax" as const))),
    /** Whether it goes over TLS alone (3.3.1). Default: true. */
    secure: Schema.Boolean.pipe(Schema.withConstructorDefault(Effect.succeed(true)))
  }).check(isKept)
) {}

/**
 * The cookie's settings, `SessionCookieSettings` with its defaults unless the application provides others: to all of its HTTP Layers at
 * once, as both who reads the cookie and who sets it go by them.
 *
 * @example
 * HttpRouter.serve(routes).pipe(Layer.provide(Layer.succeed(SessionCookie, SessionCookieSettings.make({ sameSite: "strict" }))))
 */
export const SessionCookie = Context.Reference<SessionCookieSettings>("@sojourn/http/SessionCookie", {
  defaultValue: () => SessionCookieSettings.make({})
})

/**
 * For development at `http://localhost`: the name `session` and not `Secure`, as not every browser takes a secure cookie from there.
 * Never in production: whoever is on the way reads the token.
 */
export const layerLocalhostCookie: Layer.Layer<never> = Layer.succeed(
  SessionCookie,
  SessionCookieSettings.make({ name: "session", secure: false })
)
