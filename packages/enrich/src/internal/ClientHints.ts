/** Client hints, read from the structured-header syntax that browsers send them in (RFC 9651). */
import type { ClientHints } from "@sojourn/core"

/** The hints that a device is told from. */
export const hintNames = [
  "sec-ch-ua",
  "sec-ch-ua-full-version-list",
  "sec-ch-ua-platform",
  "sec-ch-ua-platform-version",
  "sec-ch-ua-mobile",
  "sec-ch-ua-model",
  "sec-ch-ua-form-factors"
] as const

/** How much of each hint is read; real ones have less than 200 characters. */
export const maxHintLength = 512

/** A browser by its own words, such as `Google Chrome`. */
export interface Brand {
  readonly name: string
  readonly version: string | undefined
}

/** What the hints tell. All undefined or empty when none were sent. */
export interface Hints {
  readonly brand: Brand | undefined
  readonly platform: string | undefined
  readonly platformVersion: string | undefined
  readonly mobile: boolean | undefined
  readonly model: string | undefined
  readonly formFactors: ReadonlyArray<string>
}

const member = /"((?:[^"\\]|\\.)*)"(?:\s*;\s*v="((?:[^"\\]|\\.)*)")?/g

/** Browsers mix in invented brands, `Not/A)Brand` in changing forms, so that nobody relies on a closed list. */
const invented = /not[^a-z]*a[^a-z]*brand/i

/** What a product may be called; anything else is not shown to people. */
const plain = /^[a-z0-9][\w .+&'-]{0,39}$/i

/** Engines and frames rather than browsers: they count when nothing better is said. */
const generic = /^(?:chromium|android webview|microsoft edge webview2)$/i

const read = (hints: ClientHints, name: typeof hintNames[number]): string => (hints[name] ?? "").slice(0, maxHintLength)

const unescape = (text: string): string => text.replace(/\\(.)/g, "$1")

const list = (value: string): ReadonlyArray<Brand> =>
  value === "" ? [] : Array.from(value.matchAll(member), ([, name = "", version]) => ({
    name: unescape(name),
    version: version === undefined || version === "" ? undefined : unescape(version)
  }))

const text = (value: string): string | undefined => {
  const found = list(value)[0]?.name ?? value.trim()
  return plain.test(found) ? found : undefined
}

/** Whether the brand names an engine or a frame, not a browser. */
export const isGeneric = (brand: Brand): boolean => generic.test(brand.name)

const brandOf = (hints: ClientHints): Brand | undefined => {
  const full = list(read(hints, "sec-ch-ua-full-version-list"))
  const short = list(read(hints, "sec-ch-ua"))
  const real = [...full, ...short].filter(({ name }) => plain.test(name) && !invented.test(name))
  return real.find((brand) => !isGeneric(brand)) ?? real[0]
}

/** Reads what is known of the hints; what is malformed counts as absent. The work is bounded. */
export const readHints = (hints: ClientHints): Hints => {
  const mobile = read(hints, "sec-ch-ua-mobile").trim()
  return {
    brand: brandOf(hints),
    platform: text(read(hints, "sec-ch-ua-platform")),
    platformVersion: text(read(hints, "sec-ch-ua-platform-version")),
    mobile: mobile === "?1" ? true : mobile === "?0" ? false : undefined,
    model: text(read(hints, "sec-ch-ua-model")),
    formFactors: list(read(hints, "sec-ch-ua-form-factors")).map(({ name }) => name)
  }
}
