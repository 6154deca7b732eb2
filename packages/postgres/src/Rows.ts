/** Reads rows that this package wrote. */
import { Effect, Option, Schema } from "effect"
import type { SqlError, Statement } from "effect/sql"

/** A row that this version cannot read. */
export class UnreadableRow extends Schema.TaggedError<UnreadableRow>()("UnreadableRow", {
  /** What kind of row it is, for people, as the message begins. Default: `A row`. */
  what: Schema.String.pipe(Schema.withConstructorDefault(Effect.succeed("A row"))),
  cause: Schema.Defect()
}) {
  override get message() {
    return `${this.what} cannot be read: it was changed by hand, or written by a newer version of Sojourn; ` +
      "update this one"
  }
}

/**
 * A statement's rows as arrays: an object with a name for each of so many columns takes the driver three times as long.
 * `Row` is what this package wrote; the driver knows no types.
 */
export const rowsOf = <Row extends ReadonlyArray<unknown>>({ values }: Statement.Statement<unknown>) =>
  values as Effect.Effect<ReadonlyArray<Row>, SqlError.SqlError>

/** Reads rows; whatever that throws is an `UnreadableRow`. */
export const reading = <A>(read: () => A): Effect.Effect<A, UnreadableRow> =>
  Effect.try({ try: read, catch: (cause) => new UnreadableRow({ cause }) })

// Types and tags are checked; patterns and ranges are not: they were before the value was stored. By hand, and thrown for
// `reading` to catch: with a Schema each would take as long as all the rest of a row.

/** The value itself is not told: it may be anything. */
const wrong = (expected: string): never => {
  throw new TypeError(`Expected ${expected}`)
}

/** A text that must be there. */
export const text = <A extends string>(value: A): A => typeof value === "string" ? value : wrong("a text")

/** A text that may be missing. */
export const optionalText = <A extends string>(value: A | null | undefined): Option.Option<A> =>
  value === null || value === undefined ? Option.none() : Option.some(text(value))

/** A whole number that must be there. */
export const integer = (value: number): number => Number.isSafeInteger(value) ? value : wrong("a whole number")

/** Yes or no, which must be there. */
export const flag = (value: boolean): boolean => typeof value === "boolean" ? value : wrong("true or false")

/** One of these words. */
export const oneOf = <A extends string>(words: ReadonlyArray<A>): (value: string) => A => {
  const known = new Map<string, A>(words.map((word) => [word, word]))
  return (value) => known.get(value) ?? wrong(`one of ${words.join(", ")}`)
}
