/**
 * Device and place as the columns `device` and `location` hold them: arrays without names, and without nulls at the end, in JSON.
 * Mostly they are selected as text, because most are like others, and need not be read anew.
 */
import { Device, DeviceKind, Location } from "@sojourn/core"
import { instance } from "@sojourn/core/Instance"
import { remember } from "@sojourn/core/Remember"
import { Function, Option } from "effect"
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

/** A device as the driver gives it: within other JSON, or on its own as text. */
export type DeviceColumn = DeviceArray | string
/** A place, in the same way. */
export type LocationColumn = LocationArray | string

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

/** The JSON of the column for a device. The enricher gives all that have the same user agent the same device. */
export const deviceText = Function.memoize((device: Device) => JSON.stringify(deviceColumn(device)))

/** The JSON of the column for a place. */
export const locationText = (location: Location): string => JSON.stringify(locationColumn(location))

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

/** Reads each text once. The driver knows no types: what the text says is checked when it is read. */
const reader = <Column, A>(read: (column: Column) => A) => {
  const toValue = (column: Column | null) => column === null ? Option.none() : Option.some(read(column))
  const ofText = remember((text: string) => toValue(JSON.parse(text)))
  return (column: Column | string | null): Option.Option<A> =>
    typeof column === "string" ? ofText(column) : toValue(column)
}

/** The device of a column that this package wrote: types are checked, lengths and characters are not. */
export const deviceOf = reader(toDevice)

/** The place of a column, in the same way. */
export const locationOf = reader(toLocation)
