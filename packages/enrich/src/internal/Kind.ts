/** What kind of device, from user agent and client hints. */
import type { DeviceKind } from "@sojourn/core"
import type { Hints } from "./ClientHints.ts"
import { knownSystem } from "./KnownSystem.ts"
import type { Parsed } from "./UserAgentParser.ts"

const types: ReadonlyMap<string | undefined, DeviceKind> = new Map([
  ["console", "console"],
  ["embedded", "embedded"],
  ["mobile", "mobile"],
  ["smarttv", "tv"],
  ["tablet", "tablet"],
  ["wearable", "wearable"]
])

const formFactors: ReadonlyMap<string, DeviceKind> = new Map([
  ["Automotive", "embedded"],
  ["Desktop", "desktop"],
  ["Mobile", "mobile"],
  ["Tablet", "tablet"],
  ["Watch", "wearable"],
  ["XR", "xr"]
])

const xr = /\b(?:quest|pico|neo3|glass|oculus|wolvic|firefox reality)/i

const toldKind = ({ browser, device }: Parsed): DeviceKind | undefined =>
  xr.test(`${device.vendor} ${device.model} ${browser.name}`) ? "xr" : types.get(device.type)

const hintedKind = (hints: Hints, system: string | undefined): DeviceKind | undefined => {
  const factor = hints.formFactors.map((name) => formFactors.get(name)).find((kind) => kind !== undefined)
  if (factor !== undefined) return factor
  if (hints.mobile === true) return "mobile"
  if (hints.mobile === undefined) return undefined
  return system === "Android" ? "tablet" : knownSystem(system)?.kind
}

/** Without a maker the parser has only guessed, from words such as `Mobile`. */
const isGuess = (kind: DeviceKind | undefined, { device }: Parsed): boolean =>
  kind === undefined || (device.vendor === undefined && (kind === "mobile" || kind === "tablet"))

const usual = (parsed: Parsed, system: string | undefined): DeviceKind =>
  (knownSystem(system) ?? knownSystem(parsed.system.name))?.kind ?? "unknown"

/** A known model says most, then the hints, then words of the user agent, then the system's usual device. */
export const kindOf = (parsed: Parsed, system: string | undefined, hints: Hints): DeviceKind => {
  const told = toldKind(parsed)
  return (isGuess(told, parsed) ? hintedKind(hints, system) ?? told : told) ?? usual(parsed, system)
}
