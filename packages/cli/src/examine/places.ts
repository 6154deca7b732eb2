/** Examines where places come from. */
import { LocationEnricher } from "@sojourn/core"
import { Effect, Logger, Option, References } from "effect"
import { type Finding, found } from "./Finding.ts"

/** A public address that has had a place for years. */
const known = "8.8.8.8"

const mend = "set SOJOURN_LOCATION_DATABASE to an .mmdb file with countries or cities"

/** The place, and what is wrong: an enricher does not fail with it but tells the log, which is listened to here. */
const lookedUp = Effect.fnUntraced(function*(database: string) {
  const Locations = yield* Effect.promise(() => import("sojourn/Locations"))
  const problems: Array<string> = []
  const logger = Logger.make<unknown, void>(({ message }) => {
    problems.push(String(message))
  })
  const place = yield* LocationEnricher.use(({ enrich }) => enrich(known)).pipe(
    Effect.timeout("10 seconds"),
    Effect.catch(({ message }) =>
      Effect.sync(() => {
        problems.push(message)
        return Option.none()
      })
    ),
    Effect.provide([Locations.layer(database), Logger.layer([logger])]),
    Effect.provideService(References.MinimumLogLevel, "Warn")
  )
  return { place, problem: problems[0] }
})

export const examinePlaces = Effect.fnUntraced(function*(database: string): Effect.fn.Return<Finding> {
  if (database === "disabled") return found("places", "skipped", "Places are turned off")
  const { place, problem } = yield* lookedUp(database)
  if (Option.isSome(place)) return found("places", "ok", `${known} is in ${place.value.name}`)
  const name = database === "default" ? "The data that comes along" : database
  return found(
    "places",
    "warning",
    problem === undefined
      ? `${name} can be read, and has no country for ${known}; if it is not meant to cover only some, ${mend}`
      : `No place for ${known}: ${problem}; ${mend}`
  )
})
