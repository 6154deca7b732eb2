import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { temporaryDirectory } from "./serversProcess.ts"

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs")
const reporter = join(import.meta.dirname, "CountReporter.ts")

/** The lines that a run of Vitest over these test files prints. */
const outputOf = Effect.fnUntraced(function*(files: Record<string, string>) {
  const root = yield* temporaryDirectory("vitest")
  const config = { test: { globals: true, reporters: ["default", reporter] } }
  const all = { ...files, "vitest.config.js": `export default ${JSON.stringify(config)}` }
  for (const [name, content] of Object.entries(all)) writeFileSync(join(root, name), content)
  return yield* Effect.callback<ReadonlyArray<string>>((resume) => {
    execFile(process.execPath, [vitest, "run"], { cwd: root }, (_, stdout) => {
      resume(Effect.succeed(stdout.trimEnd().split("\n")))
    })
  })
})

const passing = `test("passes", () => {})`

it.live("the last line counts passed and failed", () =>
  Effect.gen(function*() {
    const lines = yield* outputOf({ "a.test.js": passing })
    assert.strictEqual(lines.at(-1), "1 passed, 0 failed")
  }), 30_000)

it.live("what fails outside of a test counts too, and what is skipped is told", () =>
  Effect.gen(function*() {
    const lines = yield* outputOf({
      "a.test.js": `${passing}; test("fails", () => expect(1).toBe(2)); test.skip("is skipped", () => {})`,
      "b.test.js": `throw new Error("does not load")`,
      "c.test.js": `describe("hook", () => { beforeAll(() => { throw new Error("fails") }); ${passing} })`
    })
    assert.strictEqual(lines.at(-1), "1 passed, 3 failed, 2 skipped")
  }), 30_000)

it.live("a run without a test file has failed", () =>
  Effect.gen(function*() {
    const lines = yield* outputOf({})
    assert.strictEqual(lines.at(-1), "0 passed, 1 failed")
  }), 30_000)
