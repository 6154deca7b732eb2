/** Packs the public packages as they are published, checks the tarballs, and uses them in a project of their own. */
import { spawnSync } from "node:child_process"
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly devDependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
  readonly publishConfig?: { readonly bin?: Record<string, string> }
}

const root = join(import.meta.dirname, "../../..")
const work = mkdtempSync(join(tmpdir(), "sojourn-packages-"))
process.on("exit", () => rmSync(work, { recursive: true, force: true }))

const read = (path: string): Manifest => JSON.parse(readFileSync(path, "utf8"))
const write = (name: string, content: unknown) => writeFileSync(join(work, name), JSON.stringify(content, null, 2))
const fail = (what: string, output: string) => {
  console.error(`${output}\ncheck:packages: ${what}`)
  process.exit(1)
}
const run = (directory: string, program: string, ...args: ReadonlyArray<string>) =>
  spawnSync(program, args, { cwd: directory, encoding: "utf8" })
const mustRun = (...command: Parameters<typeof run>) => {
  const { error, status, stderr, stdout } = run(...command)
  if (status !== 0) fail(`"${command.slice(1).join(" ")}" failed`, error?.message ?? stdout + stderr)
}

const packages = globSync("packages/*/package.json", { cwd: root }).toSorted().flatMap((path) => {
  const manifest = read(join(root, path))
  return manifest.private === true ? [] : [{ ...manifest, directory: join(root, dirname(path)) }]
})
const tarball = (name: string, version: string) =>
  join(work, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`)

for (const { directory, name, version } of packages) {
  mustRun(directory, "pnpm", "--silent", "pack", "--pack-destination", work)
  mustRun(root, "publint", "run", "--strict", tarball(name, version))
  mustRun(root, "attw", "--profile", "esm-only", "--format", "ascii", tarball(name, version))
  console.log(`${name}: packed; publint and attw find nothing`)
}

/** The versions that this repository was tested with, so that the outcome does not depend on the day. */
const tested = (names: ReadonlyArray<string>) =>
  Object.fromEntries(names.map((name) => [name, read(join(root, "node_modules", name, "package.json")).version]))

const ours = Object.fromEntries(packages.map(({ name, version }) => [name, `file:${tarball(name, version)}`]))
const isForeign = (name: string) => !(name in ours)
const peers = new Set(packages.flatMap((manifest) => Object.keys(manifest.peerDependencies ?? {})).filter(isForeign))
const known = Object.keys(read(join(root, "package.json")).devDependencies ?? {}).filter(isForeign)

/** Every module that the packages export, except programs, which would run. */
const modules = packages.flatMap(({ directory, name, publishConfig }) => {
  const dist = join(directory, "dist")
  const programs = new Set(Object.values(publishConfig?.bin ?? {}).map((path) => relative(dist, join(directory, path))))
  return globSync("**/*.js", { cwd: dist })
    .filter((file) => !programs.has(file) && !file.startsWith("internal/"))
    .toSorted()
    .map((file) => file === "index.js" ? name : `${name}/${file.slice(0, -".js".length)}`)
})

write("package.json", {
  name: "consumer",
  private: true,
  type: "module",
  dependencies: { ...ours, ...tested([...peers, "@types/node", "typescript"]) }
})
// JSON is YAML; the packages are on no registry yet, so those that depend on each other are told where they are
write("pnpm-workspace.yaml", { overrides: { ...tested(known), ...ours }, strictDepBuilds: false })
write("tsconfig.json", {
  extends: join(root, "tsconfig.base.json"),
  compilerOptions: {
    lib: ["ES2024", "ESNext", "DOM", "DOM.Iterable"],
    skipLibCheck: false,
    noEmit: true,
    composite: false,
    declaration: false,
    declarationMap: false
  }
})
const imports = modules.map((name, index) => `import * as m${index} from ${JSON.stringify(name)}`)
const used = modules.map((name, index) => `  ${JSON.stringify(name)}: m${index}`)
writeFileSync(join(work, "consumer.ts"), `${imports.join("\n")}\n\nexport default {\n${used.join(",\n")}\n}\n`)

mustRun(work, "pnpm", "install", "--prefer-offline", "--reporter=append-only")
// the declarations of other packages have mistakes of their own
const types = run(work, "pnpm", "exec", "tsc", "-p", ".", "--pretty", "false")
const mistakes = types.stdout.split("\n").filter((line) =>
  /^error |^consumer\.ts|node_modules\/(@sojourn\/|sojourn\/)/.test(line)
)
if (types.error !== undefined || mistakes.length > 0) {
  fail("the published types do not check", types.error?.message ?? mistakes.join("\n"))
}
writeFileSync(join(work, "imports.js"), modules.map((name) => `await import(${JSON.stringify(name)})\n`).join(""))
mustRun(work, process.execPath, "imports.js")
for (const program of packages.flatMap(({ publishConfig }) => Object.keys(publishConfig?.bin ?? {}))) {
  mustRun(work, join(work, "node_modules/.bin", program), "--version")
}
console.log(`In a project of their own: ${modules.length} modules import and type-check, the programs run`)
