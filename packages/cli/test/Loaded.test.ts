/** What help costs: the databases are loaded by the commands that use them. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { freshDirectory, sojourn } from "./process.ts"

const listModules = pathToFileURL(join(import.meta.dirname, "listModules.ts")).href

const drivers =
  /@electric-sql\/pglite|@effect\/sql-pg|ioredis|maxmind|packages\/(?:postgres|redis)\/|node_modules\/pg\//

/** The modules that the command loads, drivers and others. */
const loaded = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const list = yield* freshDirectory
  const { exitCode } = yield* sojourn(args, { NODE_OPTIONS: `--import ${listModules}`, LISTED_MODULES: list })
  const modules = (yield* fs.readFileString(list)).trim().split("\n")
  return {
    exitCode,
    drivers: modules.filter((url) => drivers.test(url)),
    others: modules.filter((url) => !drivers.test(url))
  }
})

layer(NodeServices.layer, { excludeTestServices: true })("modules", (it) => {
  it.effect.each(["--help", "--version", "create --help"])(
    "%s loads no database driver",
    (line) =>
      Effect.gen(function*() {
        const { drivers, exitCode, others } = yield* loaded(...line.split(" "))
        assert.deepStrictEqual([exitCode, drivers], [0, []])
        assert.isTrue(others.some((url) => url.endsWith("/cli/src/cli.ts")))
      }),
    60_000
  )

  it.effect("a command that uses one does", () =>
    Effect.gen(function*() {
      const { drivers } = yield* loaded("list", "alice", "--database-url", "postgres://127.0.0.1:1/none")
      assert.isNotEmpty(drivers)
    }), 60_000)
})
