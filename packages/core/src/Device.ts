/** What somebody logged in with, as told by their user agent. */
import { Schema } from "effect"
import { optional } from "./Optional.ts"
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

const text = optional(printable(64))

/** A device in words for people. `name` is what lists show: `Chrome on macOS`. */
export class Device extends Schema.Class<Device>("@sojourn/core/Device")({
  name: printable(160),
  kind: DeviceKind,
  browser: text,
  browserVersion: text,
  system: text,
  systemVersion: text
}) {}

/**
 * User-agent client hints as the browser sent them: header names in lower case (`sec-ch-ua`, `sec-ch-ua-platform`, …)
 * and their values. See the W3C draft "User-Agent Client Hints".
 */
export const ClientHints = Schema.Record(Schema.String, Schema.String)
export type ClientHints = typeof ClientHints.Type
