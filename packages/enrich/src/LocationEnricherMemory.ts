/** Places from a table, for tests. */
import { type Location, LocationEnricher } from "@sojourn/core"
import { Effect, Layer, Option } from "effect"

/** Knows the places of these addresses, as they are written, and no others. */
export const layer = (locations: ReadonlyMap<string, Location> | Readonly<Record<string, Location>>) => {
  const known = locations instanceof Map ? locations : new Map(Object.entries(locations))
  return Layer.succeed(LocationEnricher, {
    enrich: (ipAddress) => Effect.sync(() => Option.fromUndefinedOr(known.get(ipAddress)))
  })
}
