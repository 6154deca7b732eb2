import { assert, describe, it } from "@effect/vitest"
import { LocationEnricher } from "@sojourn/core"
import { LocationEnricherMaxmind } from "@sojourn/enrich"
import { Effect, Layer } from "effect"
import { databasePath, logged, place, replace } from "./locations.ts"
import * as MmdbWriter from "./MmdbWriter.ts"

const newYork = {
  city: { geoname_id: 5_128_581, names: { de: "New York (Stadt)", en: "New York" } },
  country: { geoname_id: 6_252_001, iso_code: "US", names: { en: "United States" } },
  location: { time_zone: "America/New_York" }
}

const withDatabase = <A, E>(content: Buffer, effect: Effect.Effect<A, E, LocationEnricher>) =>
  Effect.gen(function*() {
    const database = yield* databasePath
    yield* replace(database, content)
    return yield* Effect.provide(effect, LocationEnricherMaxmind.layer({ database }))
  })

describe("places of records", () => {
  it.effect.each(
    [
      ["L8 city and country", newYork, "New York, US"],
      ["L8 flat city and country", { city: "Lyon", country_code: "FR", latitude: "45" }, "Lyon, FR"],
      ["L8 city and country as plain text", { city: "Porto", country: "PT" }, "Porto, PT"],
      ["L8 a city in its own script", { city: "São Paulo", country_code: "BR" }, "São Paulo, BR"],
      ["L9 country only", { country: { iso_code: "US" } }, "US"],
      ["L9 flat country only", { country_code: "DE" }, "DE"],
      ["L9 a city without an English name", { city: { names: { ru: "Москва" } }, country: { iso_code: "RU" } }, "RU"],
      ["L10 neither", { location: { time_zone: "UTC" } }, null],
      ["L10 a city without a country", { city: { names: { en: "Nowhere" } } }, null],
      ["L10 a country that is not known", { country_code: "ZZ" }, null],
      ["L10 a country that is no code", { country: { iso_code: "usa" } }, null],
      ["L10 an empty country", { country_code: "" }, null],
      ["C25 control characters in a city", { city: "New\u0000 York\u001b[2J", country_code: "US" }, "New York[2J, US"],
      ["C25 a city of 200 characters", { city: "x".repeat(200), country_code: "US" }, `${"x".repeat(128)}, US`]
    ] satisfies ReadonlyArray<[string, MmdbWriter.Value, string | null]>
  )("%s", ([, record, expected]) =>
    withDatabase(
      MmdbWriter.write({ "81.2.69.0/24": record, "2a02:c7f::/32": record }),
      Effect.gen(function*() {
        assert.strictEqual(yield* place("81.2.69.142"), expected)
        assert.strictEqual(yield* place("2a02:c7f::1"), expected)
        assert.isNull(yield* place("81.2.70.1"))
      })
    ))

  it.effect("L8 the more precise of two networks counts", () =>
    withDatabase(
      MmdbWriter.write({ "81.0.0.0/8": { country_code: "GB" }, "81.2.69.128/26": newYork }, { recordSize: 32 }),
      Effect.gen(function*() {
        assert.strictEqual(yield* place("81.2.69.142"), "New York, US")
        assert.strictEqual(yield* place("81.2.69.1"), "GB")
      })
    ))

  it.effect("L9 a database of IPv4 alone knows no IPv6 address", () =>
    withDatabase(
      MmdbWriter.write({ "0.0.0.0/1": { country_code: "GB" } }, { ipVersion: 4 }),
      Effect.gen(function*() {
        assert.strictEqual(yield* place("81.2.69.142"), "GB")
        assert.isNull(yield* place("2a02:c7f::1"))
      })
    ))
})

describe("built-in database", () => {
  it.layer(LocationEnricherMaxmind.layerDefault)((it) => {
    it.effect.each([
      ["8.8.8.8", "US"],
      ["193.0.6.139", "NL"],
      ["2001:4860:4860::8888", "US"],
      ["2a02:8108::1", "DE"],
      ["::ffff:193.0.6.139", "NL"]
    ])(
      "L9 knows the country of %s",
      ([ipAddress, country]) => Effect.map(place(ipAddress!), (name) => assert.strictEqual(name, country!))
    )

    it.effect("L1 is not asked for documentation addresses, of which it claims to know some", () =>
      Effect.map(place("2001:db8::1"), (name) => assert.isNull(name)))
  })

  it.effect("L9 gives no warning", () =>
    Effect.gen(function*() {
      const { layer, lines } = logged()
      yield* place("8.8.8.8").pipe(Effect.provide(Layer.provideMerge(LocationEnricherMaxmind.layerDefault, layer)))
      assert.deepStrictEqual(lines, [])
    }))
})

describe("no database", () => {
  it.effect("L5 not configured: none", () =>
    Effect.gen(function*() {
      assert.isNull(yield* place("8.8.8.8"))
      assert.isNull(yield* place(""))
    }).pipe(Effect.provide(LocationEnricher.layerDisabled)))
})
