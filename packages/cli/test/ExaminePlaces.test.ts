import { assert, it } from "@effect/vitest"
import { examinePlaces } from "@sojourn/cli/examine/places"
import { Effect } from "effect"
import { databasePath, logged, replace } from "../../enrich/test/locations.ts"
import * as MmdbWriter from "../../enrich/test/MmdbWriter.ts"

const country = (network: string) => MmdbWriter.write({ [network]: { country_code: "US" } })

it.effect.each<readonly [string, Buffer | undefined, string, string]>([
  ["has the place", country("8.0.0.0/8"), "ok", "8.8.8.8 is in US"],
  ["has other places", country("81.0.0.0/8"), "warning", "can be read, and has no country for 8.8.8.8"],
  ["is none", Buffer.from("a holiday picture"), "warning", "Cannot read the location database"],
  ["is missing", undefined, "warning", "there is no such file"]
])("a location database that %s: what is true is told, once", ([, content, state, told]) =>
  Effect.gen(function*() {
    const path = yield* databasePath
    if (content !== undefined) yield* replace(path, content)
    const { layer, lines } = logged()
    const finding = yield* Effect.provide(examinePlaces(path), layer)
    assert.strictEqual(finding.state, state)
    assert.include(finding.message, told)
    if (state !== "ok") {
      assert.include(finding.message, path)
      assert.include(finding.message, "SOJOURN_LOCATION_DATABASE")
    }
    assert.deepStrictEqual(lines, [])
  }))
