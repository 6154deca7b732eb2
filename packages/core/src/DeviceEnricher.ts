/** Port: what device a user agent stands for. */
import { Context, Effect, Layer, Option, Schema } from "effect"
import type { ClientHints, Device } from "./Device.ts"

/** An enricher could not answer. Logins go on without what it would have said. */
export class EnrichmentError extends Schema.TaggedError<EnrichmentError>()("EnrichmentError", {
  /** What happened, for the log. It is logged: no address and no user agent belong in it. */
  message: Schema.String,
  /** What the enricher's own source failed with. */
  cause: Schema.Defect()
}) {}

/** Gets the user agent as the client sent it, however hostile; an absent one as an empty string. */
export class DeviceEnricher extends Context.Service<DeviceEnricher, {
  /** The device, or none when nothing is known of it (never a device called "unknown"). */
  readonly enrich: (userAgent: string, hints: ClientHints) => Effect.Effect<Option.Option<Device>, EnrichmentError>
}>()("@sojourn/core/DeviceEnricher") {
  /** Knows no device. */
  static readonly layerDisabled = Layer.succeed(DeviceEnricher, { enrich: () => Effect.succeedNone })
}
