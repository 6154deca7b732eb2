/** Device and place as the columns `device` and `location` hold them: arrays without names, and without nulls at the end. */
import { Device, DeviceKind, Location } from "@sojourn/core"
import { instance } from "@sojourn/core/Instance"
import { Option } from "effect"
import { oneOf, optionalText, text } from "./Rows.ts"

type Text = string | null

/** Name, kind, browser, its version, system, its version. */
export type DeviceArray = readonly [
  name: string,
  kind: DeviceKind,
  browser?: Text,
  browserVersion?: Text,
  system?: Text,
  systemVersion?: Text
]
/** Country, city. */
export type LocationArray = readonly [country: string, city?: Text]

/** The column for a device. */
export const deviceColumn = (device: Device): DeviceArray => {
  const { kind, name } = device
  const browser = Option.getOrNull(device.browser)
  const browserVersion = Option.getOrNull(device.browserVersion)
  const system = Option.getOrNull(device.system)
  const systemVersion = Option.getOrNull(device.systemVersion)
  if (systemVersion !== null) return [name, kind, browser, browserVersion, system, systemVersion]
  if (system !== null) return [name, kind, browser, browserVersion, system]
  if (browserVersion !== null) return [name, kind, browser, browserVersion]
  return browser === null ? [name, kind] : [name, kind, browser]
}

/** The column for a place. */
export const locationColumn = ({ city, country }: Location): LocationArray =>
  Option.isSome(city) ? [country, city.value] : [country]

const deviceKind = oneOf(DeviceKind.literals)

const toDevice = ([name, kind, browser, browserVersion, system, systemVersion]: DeviceArray): Device =>
  instance(Device, {
    name: text(name),
    kind: deviceKind(kind),
    browser: optionalText(browser),
    browserVersion: optionalText(browserVersion),
    system: optionalText(system),
    systemVersion: optionalText(systemVersion)
  })

const toLocation = ([country, city]: LocationArray): Location =>
  instance(Location, { country: text(country), city: optionalText(city) })

/** The device of a column that this package wrote: types are checked, lengths and characters are not. */
export const deviceOf = (column: DeviceArray | null): Option.Option<Device> =>
  column === null ? Option.none() : Option.some(toDevice(column))

/** The place of a column, in the same way. */
export const locationOf = (column: LocationArray | null): Option.Option<Location> =>
  column === null ? Option.none() : Option.some(toLocation(column))
