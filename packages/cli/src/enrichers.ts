/** Enrichers for a command, which has no time to get going. */
import { DeviceEnricher, LocationEnricher } from "@sojourn/core"
import { Clock, Context, Effect, Layer } from "effect"

/** Any public address makes an enricher read its data; a command waits so long for that. */
const firstLookup = (locations: LocationEnricher["Service"]) =>
  locations.enrich("8.8.8.8").pipe(Effect.timeout("5 seconds"), Effect.ignoreCause)

/**
 * The enrichers given, ready to answer: a login waits 250 ms for them, too short for reading a file under load. And
 * they go by the real time, whatever the time of the login is, as they look after files and caches.
 */
export const layerReady = Layer.effectContext(Effect.gen(function*() {
  const devices = yield* DeviceEnricher
  const locations = yield* LocationEnricher
  const clock = yield* Clock.Clock
  yield* firstLookup(locations)
  const inRealTime = Effect.provideService(Clock.Clock, clock)
  return Context.make(DeviceEnricher, { enrich: (text, hints) => inRealTime(devices.enrich(text, hints)) }).pipe(
    Context.add(LocationEnricher, { enrich: (address) => inRealTime(locations.enrich(address)) })
  )
}))
