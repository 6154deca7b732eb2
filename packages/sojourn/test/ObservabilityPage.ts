/** The tables of `docs/observability.md`. */
import { readFileSync } from "node:fs"
import { join } from "node:path"

export const root = join(import.meta.dirname, "../../..")
const page = readFileSync(join(root, "docs/observability.md"), "utf8")

/** The cells of the rows below a heading of a table. */
export const table = (heading: string) => {
  const [, rows = ""] = page.split(new RegExp(`^\\| ${heading} +\\|.*\n\\|[ -|]*\n`, "m"))
  return rows.split("\n\n", 1)[0]!.trim().split("\n").map((row) =>
    row.split("|").slice(1, -1).map((cell) => cell.trim())
  )
}
/** What stands in backticks. */
export const names = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)
