/** `docs/observability.md` names every metric and every span that the sources make, and none besides. */
import { assert, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { names, root, table } from "./ObservabilityPage.ts"

const published = ["core", "postgres", "redis", "enrich", "webhook", "http", "sojourn"]
const sources = globSync(`packages/{${published.join(",")}}/src/**/*.ts`, { cwd: root }).map((file) =>
  readFileSync(join(root, file), "utf8")
)

it("every metric is in the table, with its kind and its description", () => {
  const made = sources.flatMap((source) =>
    [...source.matchAll(/Metric\.(\w+)\(\s*"(sojourn_\w+)", \{\s*description: "([^"]+)"/g)].map(
      ([, kind, name, description]) => [`\`${name}\``, kind, description]
    )
  )
  const told = table("metric").map(([name, kind, , meaning]) => [name, kind, meaning])
  assert.isAtLeast(made.length, 15)
  assert.deepStrictEqual(told, made.toSorted(([a], [b]) => a! < b! ? -1 : 1))
})

it("every metric that the sources name has a description", () => {
  const all = sources.flatMap((source) => source.match(/"sojourn_\w+"/g) ?? [])
  assert.sameMembers(all, table("metric").flatMap(([name]) => names(name!)).map((name) => `"${name}"`))
})

/** Whether a row of the table, which may end in a star, is about the name. */
const covers = (row: string, name: string) =>
  row.endsWith("*") ? name.startsWith(row.slice(0, -1).trimEnd()) : row === name

it("every span is in the table", () => {
  const told = table("span").flatMap(([name]) => names(name!))
  const made = new Set(
    sources.flatMap((source) =>
      [...source.matchAll(/(?:Effect\.fn|[wW]ith(?:Inner|Batch)?Span|useSpan|command)\(\s*"([^"]+)"/g)].map((
        [, name]
      ) => name!)
    )
  )
  assert.deepStrictEqual([...made].filter((name) => !told.some((row) => covers(row, name))), [])
  assert.deepStrictEqual(told.filter((row) => ![...made].some((name) => covers(row, name))), [])
})
