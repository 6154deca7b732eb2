/** Places for a command, which has no time to get going. */
import { LocationEnricher } from "@sojourn/core"
import { Effect, Layer } from "effect"

/** Any public address makes an enricher read its data; a command waits so long for that. */
const firstLookup = (locations: LocationEnricher["Service"]) =>
  locations.enrich("8.8.8.8").pipe(Effect.timeout("5 seconds"), Effect.ignoreCause)

/** The enricher given, ready to answer: a login waits 250 ms for it, too short for reading a file under load. */
export const layerReady = Layer.effect(LocationEnricher, Effect.tap(LocationEnricher, firstLookup))
