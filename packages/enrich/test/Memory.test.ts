import { assert, describe, it } from "@effect/vitest"
import { Device, DeviceEnricher, Location } from "@sojourn/core"
import { DeviceEnricherMemory, LocationEnricherMemory } from "@sojourn/enrich"
import { Effect, Option } from "effect"
import { place } from "./locations.ts"

const device = Device.make({ name: "Chrome on macOS", kind: "desktop" })
const location = Location.make({ country: "US", city: Option.some("New York") })
const enrich = (userAgent: string) => DeviceEnricher.use((enricher) => enricher.enrich(userAgent, {}))

describe("enrichers over a table", () => {
  it.effect.each([{ "agent/1": device }, new Map([["agent/1", device]])])(
    "U1 the device given for a user agent",
    (table) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* enrich("agent/1"), Option.some(device))
        assert.isTrue(Option.isNone(yield* enrich("agent/2")))
        assert.isTrue(Option.isNone(yield* enrich("constructor")))
      }).pipe(Effect.provide(DeviceEnricherMemory.layer(table)))
  )

  it.effect.each([{ "192.0.2.1": location }, new Map([["192.0.2.1", location]])])(
    "L8 the place given for an address",
    (table) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* place("192.0.2.1"), "New York, US")
        assert.isNull(yield* place("192.0.2.2"))
        assert.isNull(yield* place(""))
      }).pipe(Effect.provide(LocationEnricherMemory.layer(table)))
  )
})
