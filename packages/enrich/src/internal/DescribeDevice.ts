/** A device in words, from a user agent and client hints. */
import { Device, toPrintable } from "@sojourn/core"
import { Option } from "effect"
import { browserOf } from "./Browser.ts"
import type { Hints } from "./ClientHints.ts"
import { kindOf } from "./Kind.ts"
import { findProgram, type Program } from "./Programs.ts"
import { systemOf } from "./System.ts"
import { type Named, nothing, parseUserAgent } from "./UserAgentParser.ts"

/** How much of a user agent is read. */
export const maxUserAgentLength = 1024

/** A copy, since a part of a string keeps all of it in memory, and a request may be long. */
const copied = (text: string): string => Buffer.from(text).toString()

const short = (text: string | undefined): Option.Option<string> => {
  const cut = text === undefined ? "" : toPrintable(text, 64)
  return cut === "" ? Option.none() : Option.some(copied(cut))
}

/** Chromium calls every model "K" in its user agent; the hint has the real one. */
const withModel = (userAgent: string, { model }: Hints): string =>
  model === undefined ? userAgent : userAgent.replace("; K)", () => `; ${model})`)

/** Televisions and consoles call themselves Safari, which only Apple's systems have. */
const isBorrowed = (browser: Named, system: Named): boolean =>
  browser.name === "Safari" && system.name !== undefined &&
  !/^(?:iOS|iPadOS|macOS|tvOS|watchOS|Windows)$/.test(system.name)

const headless: Program = { name: "Headless Chrome", version: undefined, kind: "tool" }

const programDevice = ({ kind, name, version }: Program, system: Named): Option.Option<Device> =>
  Option.map(short(name), (name) =>
    Device.make({
      name,
      kind,
      browser: Option.some(name),
      browserVersion: short(version),
      system: kind === "bot" ? Option.none() : short(system.name),
      systemVersion: kind === "bot" ? Option.none() : short(system.version)
    }))

/**
 * What a person would call the device: `Chrome on macOS`, `Firefox`, `Windows`, `curl`; none when nothing is known.
 * Never throws, and takes bounded time whatever the input is.
 */
export const describeDevice = (raw: string, hints: Hints): Option.Option<Device> => {
  const userAgent = withModel(toPrintable(raw, maxUserAgentLength), hints)
  const parsed = parseUserAgent(userAgent)
  const told = browserOf(parsed, hints)
  const system = systemOf(parsed, told, userAgent, hints)
  const browser = isBorrowed(told, system) ? nothing : told
  const program = findProgram(userAgent) ??
    (browser.name === headless.name ? { ...headless, version: browser.version } : undefined)
  if (program !== undefined) return programDevice(program, system)

  const fields = {
    browser: short(browser.name),
    browserVersion: short(browser.version),
    system: short(system.name),
    systemVersion: short(system.version)
  }
  const words = Option.toArray(fields.browser).concat(Option.toArray(fields.system))
  return words.length === 0
    ? Option.none()
    : Option.some(Device.make({ name: words.join(" on "), kind: kindOf(parsed, system.name, hints), ...fields }))
}
