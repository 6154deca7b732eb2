/** Device and place as the columns `device` and `location` hold them: arrays without names, and without nulls at the end. */
import { Device, DeviceKind, Location } from "@sojourn/core"
import { Option, Schema, SchemaTransformation } from "effect"
import { unchecked } from "./Rows.ts"

const text = Schema.optionalKey(Schema.NullOr(Schema.String))

const DeviceArray = Schema.Tuple([Schema.String, DeviceKind, text, text, text, text])
const LocationArray = Schema.Tuple([Schema.String, text])

/** Name, kind, browser, its version, system, its version. */
export type DeviceArray = typeof DeviceArray.Type
/** Country, city. */
export type LocationArray = typeof LocationArray.Type

/** A column with a device, and back. */
export const DeviceColumn = DeviceArray.pipe(
  Schema.decodeTo(
    Device,
    SchemaTransformation.transform({
      decode: ([name, kind, browser = null, browserVersion = null, system = null, systemVersion = null]) => ({
        name,
        kind,
        browser,
        browserVersion,
        system,
        systemVersion
      }),
      encode: ({ browser, browserVersion, kind, name, system, systemVersion }): DeviceArray => {
        if (systemVersion !== null) return [name, kind, browser, browserVersion, system, systemVersion]
        if (system !== null) return [name, kind, browser, browserVersion, system]
        if (browserVersion !== null) return [name, kind, browser, browserVersion]
        return browser === null ? [name, kind] : [name, kind, browser]
      }
    })
  )
)

/** A column with a place, and back. */
export const LocationColumn = LocationArray.pipe(
  Schema.decodeTo(
    Location,
    SchemaTransformation.transform({
      decode: ([country, city = null]) => ({ country, city }),
      encode: ({ city, country }): LocationArray => city === null ? [country] : [country, city]
    })
  )
)

/** As `DeviceColumn` decodes it, for what this package wrote: types are checked, lengths and characters are not. */
export const deviceOf = ([name, kind, browser, browserVersion, system, systemVersion]: DeviceArray): Device =>
  new Device({
    name,
    kind,
    browser: Option.fromNullishOr(browser),
    browserVersion: Option.fromNullishOr(browserVersion),
    system: Option.fromNullishOr(system),
    systemVersion: Option.fromNullishOr(systemVersion)
  }, unchecked)

/** As `LocationColumn` decodes it, in the same way. */
export const locationOf = ([country, city]: LocationArray): Location =>
  new Location({ country, city: Option.fromNullishOr(city) }, unchecked)
