/** Where a request comes from. */
import { Context, Effect, Option } from "effect"
import { HttpServerRequest } from "effect/http"

/** The address of a request's client, as text; none: it is not known. */
export type AddressOf = (request: HttpServerRequest.HttpServerRequest) => Option.Option<string>

/**
 * How addresses are found: for sessions, activity and events. Default: `request.remoteAddress`, the other end of the connection,
 * which is a proxy's where one stands before the server. Then provide `behindProxies`.
 */
export const ClientAddress = Context.Reference<AddressOf>("@sojourn/http/ClientAddress", {
  defaultValue: () => (request) => request.remoteAddress
})

/** Some proxies add the port: `192.0.2.1:443`, `[2001:db8::1]:443`. */
const withoutPort = (text: string) => text.replace(/^\[([^\]]*)\](:\d+)?$/, "$1").replace(/^([\d.]+):\d+$/, "$1")

/**
 * Takes the address from a header to which each of the application's own proxies appends the address that it was asked from, such as
 * `x-forwarded-for`. Of its entries the one `proxies` (default: 1) from the right counts: what your outermost proxy saw. A client can
 * write only what stands left of it.
 *
 * Fewer entries than that: the request did not come through all proxies, and no address is known. The header must be one that every
 * proxy appends to, and the server must be reached through them alone. Throws unless `proxies` is a whole number from 1.
 *
 * @example
 * Layer.succeed(ClientAddress, behindProxies("x-forwarded-for", 2))
 */
export const behindProxies = (header: string, proxies = 1): AddressOf => {
  // Minus zero would be the entry on the left, which is the client's to write.
  if (!Number.isInteger(proxies) || proxies < 1) throw new RangeError(`No number of proxies: ${proxies}`)
  const name = header.toLowerCase()
  return ({ headers }) =>
    Option.map(Option.fromUndefinedOr(headers[name]?.split(",").at(-proxies)), (entry) => withoutPort(entry.trim()))
}

/** Of the request under way. */
export const clientAddress: Effect.Effect<Option.Option<string>, never, HttpServerRequest.HttpServerRequest> = Effect
  .flatMap(HttpServerRequest.HttpServerRequest, (request) => Effect.map(ClientAddress, (find) => find(request)))
