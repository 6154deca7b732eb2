/** Addresses that logins come from. */
import { Brand, Option, Schema } from "effect"

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
const ipv6Characters = /^[0-9a-f:.]{2,45}$/i
const ipv4Mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/

const canonicalIpv6 = (input: string): string | undefined => {
  const url = ipv6Characters.test(input) ? URL.parse(`http://[${input}]/`) : null
  return url?.hostname.slice(1, -1)
}

const fromMapped = (high: string, low: string): string => {
  const bits = (parseInt(high, 16) << 16) | parseInt(low, 16)
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join(".")
}

const canonical = (input: string): string | undefined => {
  if (ipv4.test(input)) return input
  const ipv6 = canonicalIpv6(input)
  const mapped = ipv6 === undefined ? null : ipv4Mapped.exec(ipv6)
  return mapped === null ? ipv6 : fromMapped(mapped[1]!, mapped[2]!)
}

/** An IPv4 address in dotted decimal, or an IPv6 address as RFC 5952 writes it. Never a zone, a port or a mapped form. */
export const IpAddress = Schema.String.check(
  Schema.isPattern(/^[0-9a-f:.]+$/),
  Schema.makeFilter((text: string) => canonical(text) === text, { expected: "an IP address in canonical form" })
).pipe(Schema.brand("@sojourn/core/IpAddress"))
export type IpAddress = typeof IpAddress.Type

const asIpAddress = Brand.nominal<IpAddress>()

/**
 * Reads an address as applications get it: the zone of `fe80::1%eth0` is dropped, `::ffff:192.0.2.1` becomes
 * `192.0.2.1`, IPv6 is written in its shortest form (RFC 5952). Anything else, such as `192.0.2.1:443`, is none.
 */
export const parseIpAddress = (input: string): Option.Option<IpAddress> =>
  Option.map(
    Option.fromUndefinedOr(canonical(input.slice(0, 100).split("%", 1)[0]!)),
    asIpAddress
  )
