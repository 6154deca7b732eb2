/** Which addresses stand for a place. */
import { parseIpAddress } from "@sojourn/core"
import { Option, Result } from "effect"
import { IpNetwork, NetAddress } from "effect/net"

const networks = (...texts: ReadonlyArray<string>) => texts.map(IpNetwork.fromStringUnsafe)

/** The IANA registries of special-purpose addresses, and multicast: they belong to no place. */
const specialIpv4 = networks(
  "0.0.0.0/8", // this network
  "10.0.0.0/8", // private
  "100.64.0.0/10", // carrier-grade NAT
  "127.0.0.0/8", // loopback
  "169.254.0.0/16", // link-local
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // 6to4 relays, deprecated
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarking
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/3" // multicast, reserved, broadcast
)

/** All that has been given to anybody; loopback, private, link-local, multicast and the rest lie outside of it. */
const [globalIpv6] = networks("2000::/3")

const specialIpv6 = networks(
  "2001::/23", // protocol assignments: Teredo, benchmarking, ORCHID and others
  "2001:db8::/32", // documentation
  "3fff::/20" // documentation
)

/** In these an IPv4 address follows the prefix; it is the one that has a place. */
const nat64 = IpNetwork.fromStringUnsafe("64:ff9b::/96")
const sixToFour = IpNetwork.fromStringUnsafe("2002::/16")

const embedded = (address: NetAddress.Ipv6Address, offset: number): NetAddress.Ipv4Address =>
  NetAddress.ipv4FromBytesUnsafe(Uint8Array.from(NetAddress.ipv6ToOctets(address).slice(offset, offset + 4)))

const unwrap = (address: NetAddress.IpAddress): NetAddress.IpAddress => {
  if (NetAddress.isIpv4Address(address)) return address
  if (IpNetwork.contains(nat64, address)) return embedded(address, 12)
  return IpNetwork.contains(sixToFour, address) ? embedded(address, 2) : address
}

/** Answers by an address's leading part: at most one for each first octet of IPv4 or first segment of IPv6. */
const leads = new Map<string, boolean>()

/**
 * Whether all addresses that begin as this one are public. Most do, so that most need not be held against each special
 * range, which takes several times as long as the rest of a lookup.
 */
const isPlainlyPublic = (canonical: string): boolean => {
  const lead = canonical.slice(0, canonical.search(/[.:]/) + 1)
  const known = leads.get(lead)
  if (known !== undefined) return known
  const network = IpNetwork.fromStringUnsafe(lead.endsWith(".") ? `${lead}0.0.0/8` : `${lead}:/16`)
  const found = IpNetwork.isIpv4Network(network)
    ? !specialIpv4.some(IpNetwork.overlaps(network))
    : IpNetwork.containsNetwork(globalIpv6!, network) &&
      ![sixToFour, ...specialIpv6].some(IpNetwork.overlaps(network))
  leads.set(lead, found)
  return found
}

const isPublic = (address: NetAddress.IpAddress): boolean =>
  NetAddress.isIpv4Address(address)
    ? !specialIpv4.some(IpNetwork.contains(address))
    : IpNetwork.contains(globalIpv6!, address) && !specialIpv6.some(IpNetwork.contains(address))

/**
 * The address to look up, in canonical form; none for what is no address and for those that belong to no place.
 * IPv4 addresses inside IPv6 ones (mapped, NAT64, 6to4) are taken out.
 */
export const publicAddress = (input: string): Option.Option<string> =>
  Option.flatMap(parseIpAddress(input), (canonical) =>
    isPlainlyPublic(canonical)
      ? Option.some(canonical)
      : Result.getSuccess(NetAddress.ipFromString(canonical)).pipe(
        Option.map(unwrap),
        Option.filter(isPublic),
        Option.map(NetAddress.formatIp)
      ))
