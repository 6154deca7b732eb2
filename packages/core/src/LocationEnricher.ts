/** Port: what place an IP address stands for. */
import { Context, Effect, Layer, Option } from "effect"
import type { EnrichmentError } from "./DeviceEnricher.ts"
import type { Location } from "./Location.ts"

/** Gets the address as the application gave it, valid or not; an absent one as an empty string. */
export class LocationEnricher extends Context.Service<LocationEnricher, {
  /** The place, or none when it is not known or the address is no public one. */
  readonly enrich: (ipAddress: string) => Effect.Effect<Option.Option<Location>, EnrichmentError>
}>()("@sojourn/core/LocationEnricher") {
  /** Knows no place. */
  static readonly layerDisabled = Layer.succeed(LocationEnricher, { enrich: () => Effect.succeedNone })
}
