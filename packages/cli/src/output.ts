/** Results on standard output: JSON for programs, text for people. */
import { Console, DateTime, Effect, Schema } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { styleText } from "node:util"
import { Json } from "./options.ts"

type Paint = (text: string) => string

/** Emphasis, where the terminal can show it and nobody asked for none (`NO_COLOR`). */
export interface Style {
  readonly bold: Paint
  readonly dim: Paint
  readonly green: Paint
  readonly yellow: Paint
}

/** What the terminal can show. */
export const style = Effect.map(TerminalCapabilities.TerminalCapabilities, ({ canColor }): Style => {
  const paint = (format: "bold" | "dim" | "green" | "yellow"): Paint => (text) =>
    canColor ? styleText(format, text, { validateStream: false }) : text
  return { bold: paint("bold"), dim: paint("dim"), green: paint("green"), yellow: paint("yellow") }
})

/** Encodes a value as one line of JSON. */
export const toJson = <A, I>(schema: Schema.Codec<A, I>) => {
  const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.toCodecJson(schema)))
  return (value: A) => Effect.orDie(encode(value))
}

/** A result as it is printed: with `--json` the one document on standard output, else lines for people. */
export const toText = <A, I>(schema: Schema.Codec<A, I>) => {
  const encode = toJson(schema)
  return Effect.fnUntraced(function*(value: A, forPeople: (style: Style) => ReadonlyArray<string>) {
    return (yield* Json) ? yield* encode(value) : forPeople(yield* style).join("\n")
  })
}

/** Prints a result, unless there is nothing to say for people. */
export const print = <A, I>(schema: Schema.Codec<A, I>) => {
  const text = toText(schema)
  return (value: A, forPeople: (style: Style) => ReadonlyArray<string>) =>
    Effect.flatMap(text(value, forPeople), (text) => text === "" ? Effect.void : Console.log(text))
}

/** A moment as people read it, to the second, in UTC. */
export const formatTime = (at: DateTime.Utc): string => DateTime.formatIso(at).replace("T", " ").replace(/\.\d+Z$/, "Z")

/** So many of something. */
export const counted = (count: number, what: string): string => count === 1 ? `1 ${what}` : `${count} ${what}s`

const width = (text: string) => [...text].length

/** Columns under their titles. The last column is not padded. */
export const table = (
  { bold }: Style,
  titles: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>
): ReadonlyArray<string> => {
  const widths = titles.map((title, at) => Math.max(width(title), ...rows.map((row) => width(row[at] ?? ""))))
  const line = (cells: ReadonlyArray<string>) =>
    cells.map((cell, at) => cell + " ".repeat((widths[at] ?? 0) - width(cell))).join("  ").trimEnd()
  return [bold(line(titles)), ...rows.map(line)]
}
