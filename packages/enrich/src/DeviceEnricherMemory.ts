/** Devices from a table, for tests. */
import { type Device, DeviceEnricher } from "@sojourn/core"
import { Effect, Layer, Option } from "effect"

/** Knows the devices of these user agents, and no others. Client hints are ignored. */
export const layer = (devices: ReadonlyMap<string, Device> | Readonly<Record<string, Device>>) => {
  const known = devices instanceof Map ? devices : new Map(Object.entries(devices))
  return Layer.succeed(DeviceEnricher, {
    enrich: (userAgent) => Effect.sync(() => Option.fromUndefinedOr(known.get(userAgent)))
  })
}
