/** The place that a database record tells, in any of the layouts in use. */
import { Location, toPrintable } from "@sojourn/core"
import { Option, Predicate } from "effect"

/** The text at the end of the path, if there is one. */
const text = (record: unknown, ...path: ReadonlyArray<string>): string | undefined => {
  const found = path.reduce<unknown>((value, key) => Predicate.hasProperty(value, key) ? value[key] : undefined, record)
  return Predicate.isString(found) ? found : undefined
}

/** Used by some databases for "not known". */
const unknownCountry = /^(?:XX|ZZ)$/

const country = (record: unknown): string | undefined => {
  const code = text(record, "country", "iso_code") ?? text(record, "country_code") ?? text(record, "country")
  return code !== undefined && /^[A-Z]{2}$/.test(code) && !unknownCountry.test(code) ? code : undefined
}

const city = (record: unknown): Option.Option<string> => {
  const name = toPrintable(text(record, "city", "names", "en") ?? text(record, "city") ?? "", 128)
  return name === "" ? Option.none() : Option.some(name)
}

const read = (record: unknown): Option.Option<Location> =>
  Option.map(
    Option.fromUndefinedOr(country(record)),
    (country) => Location.make({ country, city: city(record) })
  )

/** Many addresses share a record, and so their place. */
const places = new WeakMap<object, Option.Option<Location>>()

/**
 * Reads records of MaxMind and DB-IP (`country.iso_code`, `city.names.en`) and flat ones (`country_code` or `country`,
 * `city`), with the city's English name. None without a country.
 */
export const toLocation = (record: unknown): Option.Option<Location> => {
  if (!Predicate.isObject(record)) return Option.none()
  const known = places.get(record)
  if (known !== undefined) return known
  const place = read(record)
  places.set(record, place)
  return place
}
