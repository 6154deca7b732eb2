/** Where somebody logged in, as told by their IP address. */
import { Option, Schema } from "effect"
import { optional } from "./Optional.ts"
import { printable } from "./Text.ts"

/** A country, by its ISO 3166-1 alpha-2 code, and a city in it where one is known. */
export class Location extends Schema.Class<Location>("@sojourn/core/Location")({
  country: Schema.String.check(Schema.isPattern(/^[A-Z]{2}$/, { expected: "a two-letter country code" })),
  city: optional(printable(128))
}) {
  /** What lists show: `New York, US`, or `US` where no city is known. */
  get name(): string {
    return Option.match(this.city, { onNone: () => this.country, onSome: (city) => `${city}, ${this.country}` })
  }
}
