/** Examines where places come from. */
import { LocationEnricher } from "@sojourn/core"
import { Effect, Option } from "effect"
import { type Finding, found } from "./Finding.ts"

/** A public address that has had a place for years. */
const known = "8.8.8.8"

export const examinePlaces = Effect.fnUntraced(function*(database: string): Effect.fn.Return<Finding> {
  if (database === "disabled") return found("places", "skipped", "Places are turned off")
  const Locations = yield* Effect.promise(() => import("sojourn/Locations"))
  const place = yield* LocationEnricher.use(({ enrich }) => enrich(known)).pipe(
    Effect.timeout("10 seconds"),
    Effect.option,
    Effect.map(Option.flatten),
    Effect.provide(Locations.layer(database))
  )
  return Option.isSome(place)
    ? found("places", "ok", `${known} is in ${place.value.name}`)
    : found(
      "places",
      "warning",
      `No place for ${known}: ${database === "default" ? "the data that comes along" : database} cannot be read; ` +
        "set SOJOURN_LOCATION_DATABASE to an .mmdb file with countries or cities"
    )
})
