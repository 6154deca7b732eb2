/** Where somebody logged in, as told by their IP address. */
import { Option, Schema } from "effect"
import { optional } from "./Optional.ts"
import { printable } from "./Text.ts"

/** A country, and a city in it where one is known. */
export class Location extends Schema.Class<Location>("@sojourn/core/Location")({
  /** Its ISO 3166-1 alpha-2 code: `US`. */
  country: Schema.String.check(Schema.isPattern(/^[A-Z]{2}$/, { expected: "a two-letter country code" })),
  /** In English, as the database writes it: `New York`. None where it tells countries only. */
  city: optional(printable(128))
}) {
  /** What lists show: `New York, US`, or `US` where no city is known. */
  get name(): string {
    return Option.match(this.city, { onNone: () => this.country, onSome: (city) => `${city}, ${this.country}` })
  }
}
