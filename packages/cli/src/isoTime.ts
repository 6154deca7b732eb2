/** Times as people and files write them. */
import { Instant } from "@sojourn/core"
import { Schema } from "effect"

// JavaScript takes 30 February for 2 March.
const isDay = Schema.makeFilter<string>((text) => {
  const [year, month, day] = text.slice(0, 10).split("-").map(Number)
  return new Date(Date.UTC(year!, month! - 1, day)).getUTCDate() === day ? undefined : "Expected a day that there is"
})

const day = "\\d{4}-\\d\\d-\\d\\d"
const clock = "T\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?(Z|[+-]\\d\\d:\\d\\d)"

const time = (pattern: string, expected: string) =>
  Schema.String.check(Schema.isPattern(new RegExp(`^${pattern}$`), { expected }), isDay).pipe(
    Schema.decodeTo(Schema.DateTimeUtcFromString),
    Schema.decodeTo(Instant)
  )

/** A time with its zone, such as 2026-01-31T12:00:00Z. */
export const IsoTime = time(`${day}${clock}`, "a time such as 2026-01-31T12:00:00Z")

/** The same, or a day, which is its midnight in UTC. */
export const IsoTimeOrDay = time(
  `${day}(${clock})?`,
  "a time such as 2026-01-31T12:00:00Z, or a day such as 2026-01-31"
)
