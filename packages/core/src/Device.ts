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

/** A device in words for people. */
export class Device extends Schema.Class<Device>("@sojourn/core/Device")({
  /** What lists show: `Chrome on macOS`. */
  name: printable(160),
  /** `unknown` where the user agent does not tell, though something else of it is known. */
  kind: DeviceKind,
  /** The browser or the program without its version: `Chrome`, `curl`. None when it is not known. */
  browser: text,
  /** As the browser told it: `120.0.0.0`. */
  browserVersion: text,
  /** The operating system: `macOS`, `Android`. None when it is not known. */
  system: text,
  /** As the browser told it, which may be less than the truth: without client hints, macOS stays at 10.15.7. */
  systemVersion: text
}) {}

/**
 * User-agent client hints as the browser sent them: header names in lower case (`sec-ch-ua`, `sec-ch-ua-platform`, …)
 * and their values. See the W3C draft "User-Agent Client Hints".
 */
export const ClientHints = Schema.Record(Schema.String, Schema.String)
export type ClientHints = typeof ClientHints.Type
