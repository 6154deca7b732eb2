/** Text that came from outside and that a person, a log or a database will read. */
import { Schema } from "effect"

/** Control characters (they can rewrite a terminal, and PostgreSQL refuses NUL) and halves of surrogate pairs. */
const unprintable = /[\p{Cc}\p{Cs}]/u

/** Non-empty text of at most `maxLength` UTF-16 units, without control characters or unpaired surrogates. */
export const printable = (maxLength: number) =>
  Schema.String.check(
    Schema.isMinLength(1),
    Schema.isMaxLength(maxLength),
    Schema.makeFilter((text: string) => !unprintable.test(text), { expected: "text without control characters" })
  )

/**
 * Makes any input `printable`: cut to `maxLength`, control characters and unpaired surrogates removed. May be empty.
 * The work is bounded by `maxLength`, however long the input is.
 */
export const toPrintable = (input: string, maxLength: number): string =>
  input.slice(0, maxLength).replace(/[\p{Cc}\p{Cs}]/gu, "").trim()
