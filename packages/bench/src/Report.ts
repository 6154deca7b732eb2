/** Results as text: a table with the ratios, and the figures behind each of them. */
import type { Measured } from "./Scenario.ts"

const digits = (value: number): string =>
  !Number.isFinite(value)
    ? "–"
    : value >= 100
    ? Math.round(value).toLocaleString("en")
    : String(Number(value.toPrecision(3)))

const units = { ratio: " ×", bytes: " bytes", microseconds: " µs", "per second": " a second" }

export const inUnit = (value: number, { unit }: Measured): string => `${digits(value)}${units[unit]}`

export const targetOf = (measured: Measured): string =>
  measured.target === undefined
    ? "for information"
    : "atLeast" in measured.target
    ? `at least ${inUnit(measured.target.atLeast, measured)}`
    : `at most ${inUnit(measured.target.atMost, measured)}`

/** Undefined where there is no target. */
export const isReached = ({ median, target }: Measured): boolean | undefined =>
  target === undefined ? undefined : "atLeast" in target ? median >= target.atLeast : median <= target.atMost

const verdict = (measured: Measured) => ({ true: "yes", false: "**no**", undefined: "" })[`${isReached(measured)}`]

const spreadOf = ({ spread }: Measured) => `${digits(spread[0])} – ${digits(spread[1])}`

/** One line, for the terminal. */
export const line = (measured: Measured): string =>
  `${{ true: "ok  ", false: "MISS", undefined: "    " }[`${isReached(measured)}`]} ${measured.title}: ` +
  `${inUnit(measured.median, measured)} (${spreadOf(measured)}; ${targetOf(measured)})`

const row = (cells: ReadonlyArray<string | number>) => `| ${cells.join(" | ")} |`

const cell = (value: string | number | undefined) =>
  typeof value === "number" ? (Number.isNaN(value) ? "" : value.toLocaleString("en")) : value ?? ""

export const table = (rows: ReadonlyArray<Record<string, string | number>>): string => {
  const columns = [...new Set(rows.flatMap(Object.keys))]
  return [
    row(columns),
    row(columns.map(() => "---")),
    ...rows.map((of) => row(columns.map((column) => cell(of[column]))))
  ].join("\n")
}

const section = (of: Measured): string =>
  [`### ${of.title}`, of.note, table(of.details)].filter((part) => part !== undefined).join("\n\n")

/** The report: first the table of all results, then what is behind each of them. */
export const markdown = (head: string, all: ReadonlyArray<Measured>): string =>
  [
    head,
    "## Results",
    table(all.map((of) => ({
      what: of.title,
      median: inUnit(of.median, of),
      "least – most": spreadOf(of),
      target: targetOf(of),
      reached: verdict(of)
    }))),
    "## Behind them",
    ...all.filter(({ details }) => details.length > 0).map(section)
  ].join("\n\n") + "\n"
