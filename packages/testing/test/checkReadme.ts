/**
 * Type-checks the programs in the README.md of the repository and of each package, and in `docs`: every code block marked ```ts is a
 * program of its own. Parts of a program are marked ```ts fragment and left out.
 */
import { execFileSync } from "node:child_process"
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "../../..")
const work = join(root, "dist/readme")

/** The programs in a page, each with the empty lines before it that give it the page's line numbers. */
const programs = (page: string) =>
  [...page.matchAll(/^```ts[^\S\n]*\n(.*?)^```[^\S\n]*$/gms)].map((block) => {
    const line = page.slice(0, block.index).split("\n").length
    return { line, text: `${"\n".repeat(line)}${block[1]}export {}\n` }
  })

rmSync(work, { recursive: true, force: true })
mkdirSync(work, { recursive: true })
process.on("exit", () => rmSync(work, { recursive: true, force: true }))

const pages = globSync(["README.md", "docs/*.md", "packages/*/README.md"], { cwd: root }).toSorted()
const found = pages.flatMap((page) =>
  programs(readFileSync(join(root, page), "utf8")).map(({ line, text }) => {
    writeFileSync(join(work, `${page.replaceAll("/", "-")}-${line}.ts`), text)
    return page
  })
)
writeFileSync(
  join(work, "tsconfig.json"),
  JSON.stringify({
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: {
      noEmit: true,
      composite: false,
      declaration: false,
      declarationMap: false,
      noUnusedLocals: false,
      noUnusedParameters: false
    }
  })
)

if (found.length === 0) {
  console.error("check:readme: no program found in any page")
  process.exit(1)
}
try {
  execFileSync("tsc", ["-p", work, "--pretty", "false"], { cwd: work, stdio: "inherit" })
} catch {
  console.error("check:readme: a program in a page does not type-check (line numbers are the page's)")
  process.exit(1)
}
console.log(`Programs that type-check: ${found.length}, from ${new Set(found).size} of ${pages.length} pages`)
