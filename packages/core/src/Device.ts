/** What somebody logged in with, as told by their user agent. */
import { Effect, Schema } from "effect"
import { printable } from "./Text.ts"

/** `tool` is a program such as `curl`; `bot` crawls by itself. */
export const DeviceKind = Schema.Literals([
  "desktop",
  "mobile",
  "tablet",
  "tv",
  "console",
  "wearable",
  "embedded",
  "xr",
  "bot",
  "tool",
  "unknown"
])
export type DeviceKind = typeof DeviceKind.Type

const name = printable(64)
const optional = Schema.OptionFromNullOr(name).pipe(Schema.withConstructorDefault(Effect.succeedNone))

/** A device in words for people. `name` is what lists show: `Chrome on macOS`. */
export class Device extends Schema.Class<Device>("@sojourn/core/Device")({
  name: printable(160),
  kind: DeviceKind,
  browser: optional,
  browserVersion: optional,
  system: optional,
  systemVersion: optional
}) {}

/**
 * User-agent client hints as the browser sent them: header names in lower case (`sec-ch-ua`, `sec-ch-ua-platform`, …)
 * and their values. See the W3C draft "User-Agent Client Hints".
 */
export const ClientHints = Schema.Record(Schema.String, Schema.String)
export type ClientHints = typeof ClientHints.Type
