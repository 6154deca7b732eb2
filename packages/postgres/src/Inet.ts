/** Addresses as PostgreSQL's type `inet` holds them. */
import { type IpAddress, parseIpAddress } from "@sojourn/core"
import { Brand, Option } from "effect"

const asIpAddress = Brand.nominal<IpAddress>()

const toAddress = (inet: string): IpAddress => {
  const address = inet.split("/", 1)[0]!
  // PostgreSQL writes IPv4 in one way only.
  return address.includes(":")
    ? Option.getOrElse(parseIpAddress(address), () => asIpAddress(inet))
    : asIpAddress(address)
}

/** The canonical form of what the driver gives, without the netmask that it may carry; as it is, if it has none. */
export const addressOf = (inet: string | null): Option.Option<IpAddress> =>
  inet === null ? Option.none() : Option.some(toAddress(inet))
