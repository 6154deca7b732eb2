/** Tells places from IP addresses with a MaxMind database (`.mmdb`), from whichever publisher. */
import { LocationEnricher } from "@sojourn/core"
import { Duration, Effect, Layer, Option } from "effect"
import { createRequire } from "node:module"
import * as MmdbFile from "./internal/MmdbFile.ts"
import { toLocation } from "./internal/MmdbRecord.ts"
import { publicAddress } from "./internal/PublicAddress.ts"

/** Settings of the enricher. */
export interface Options {
  /**
   * The path of a database with countries or cities: GeoLite2, GeoIP2, DB-IP, ip-location-db and others. Default: the
   * country database of the package `@ip-location-db/geo-whois-asn-country-mmdb`, which takes 8 MB of memory.
   */
  readonly database?: string
  /** How soon a changed or replaced file is noticed, by the first lookup after it. Default: 10 seconds. */
  readonly checkEvery?: Duration.Input
}

const builtIn = "@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb"

const builtInPath = Effect.try(() => createRequire(import.meta.url).resolve(builtIn)).pipe(
  Effect.orElseSucceed(() => builtIn)
)

/**
 * Looks up public addresses only: private, loopback, link-local, shared, multicast, documentation and other special
 * ones have no place, nor has text that is no address.
 *
 * Never fails. A database that is missing, incomplete or damaged is logged as one warning, without any address, and
 * places are unknown until it has been replaced. It is held in memory as a whole: a given one is read when the Layer
 * is built, in the background; the built-in one at the first lookup.
 */
export const layer = (options: Options = {}): Layer.Layer<LocationEnricher> =>
  Layer.effect(
    LocationEnricher,
    Effect.gen(function*() {
      const checkEvery = Duration.fromInputUnsafe(options.checkEvery ?? "10 seconds")
      const file = yield* MmdbFile.make(options.database ?? (yield* builtInPath), checkEvery)
      if (options.database !== undefined) yield* Effect.forkScoped(file.refresh)
      return LocationEnricher.of({
        enrich: (ipAddress) =>
          Option.match(publicAddress(ipAddress), {
            onNone: () => Effect.succeedNone,
            onSome: (address) => Effect.mapEager(file.find(address), Option.flatMap(toLocation))
          })
      })
    })
  )

/** Countries from the built-in database. */
export const layerDefault: Layer.Layer<LocationEnricher> = layer()
