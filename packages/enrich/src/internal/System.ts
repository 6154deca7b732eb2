/** Which operating system, from user agent and client hints. */
import type { Hints } from "./ClientHints.ts"
import { knownSystem } from "./KnownSystem.ts"
import type { Named, Parsed } from "./UserAgentParser.ts"

const major = (version: string | undefined): number => Number.parseInt(version ?? "", 10)

/** Names count for versions only where Windows had such; the library also finds processors and the like. */
const versionLike = /^(?:\d|XP|Vista|ME|RT|NT \d)/

/** Mobile browsers say that they run on a Mac when a person asks for the desktop site; most such are iPads. */
const posesAsMac = (userAgent: string): boolean =>
  userAgent.includes("Macintosh") && /\b(?:CriOS|FxiOS|EdgiOS|GSA|OPT|Mobile)\//.test(userAgent)

const isIpadOs = ({ device, system }: Parsed): boolean => device.model === "iPad" && !(major(system.version) < 13)

const toldSystem = (parsed: Parsed, browser: Named, userAgent: string): Named => {
  const { name: raw, version } = parsed.system
  if (raw === undefined) return parsed.system
  if (posesAsMac(userAgent)) return { name: "iPadOS", version: undefined }
  const name = isIpadOs(parsed) ? "iPadOS" : knownSystem(raw)?.name ?? raw
  switch (name) {
    case "PlayStation":
    case "Nintendo":
      return { name: `${name} ${version ?? ""}`.trim(), version: undefined }
    case "iOS":
    case "iPadOS":
      // Since 26, Safari's version is the system's, and the one given for the system stays at 18.
      return { name, version: browser.name === "Safari" && major(browser.version) >= 26 ? browser.version : version }
    case "Xbox":
      return { name, version }
    default:
      return { name, version: version !== undefined && versionLike.test(version) ? version : undefined }
  }
}

/** Windows gives the version of its interfaces: from 13 on it is Windows 11. */
const windowsVersion = (platformVersion: string): string | undefined => {
  const minor = platformVersion.split(".")[1]
  const version = major(platformVersion)
  if (version >= 13) return "11"
  if (version >= 1) return "10"
  return version === 0 ? { 1: "7", 2: "8", 3: "8.1" }[Number(minor)] : undefined
}

const hintedVersion = (system: string, version: string | undefined): string | undefined => {
  if (version === undefined || system === "Linux") return undefined
  return system === "Windows" ? windowsVersion(version) : version.replace(/(?:\.0+)+$/, "")
}

/** The hinted platform wins, but for `Linux` where the user agent names the distribution. */
export const systemOf = (parsed: Parsed, browser: Named, userAgent: string, hints: Hints): Named => {
  const told = toldSystem(parsed, browser, userAgent)
  const name = knownSystem(hints.platform)?.name
  if (name === undefined || (name === "Linux" && knownSystem(parsed.system.name)?.linux === true)) return told
  return {
    name,
    version: hintedVersion(name, hints.platformVersion) ?? (name === told.name ? told.version : undefined)
  }
}
