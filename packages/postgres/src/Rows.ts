/** Reads rows that this package wrote. */
import { Effect, Schema } from "effect"

/** Types and tags are checked; patterns and ranges, which take longer, are not: they were before the value was stored. */
export const unchecked = { disableChecks: true }

/** A row that this version cannot read. */
export class UnreadableRow extends Schema.TaggedError<UnreadableRow>()("UnreadableRow", { cause: Schema.Defect() }) {
  override get message() {
    return "A row cannot be read: it was changed by hand, or written by a newer version of Sojourn; update this one"
  }
}

/** Reads rows; whatever that throws is an `UnreadableRow`. */
export const reading = <A>(read: () => A): Effect.Effect<A, UnreadableRow> =>
  Effect.try({ try: read, catch: (cause) => new UnreadableRow({ cause }) })
