import { join } from "node:path"
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config"
import CountReporter from "./packages/testing/test/CountReporter.ts"

const root = import.meta.dirname

/** Of the tests of `sojourn` those that take long and are not about time. */
const untimed = ["test/Killed.test.ts", "test/NothingAtRest.test.ts"]

/**
 * A project that runs the tests beside one package's sources. Those that are timed, about outages, lags and deadlines, come
 * after the others, one file at a time.
 */
const project = (
  name: string,
  options: {
    readonly folder?: string
    readonly include?: Array<string>
    readonly exclude?: Array<string>
    readonly isTimed?: boolean
  } = {}
): TestProjectInlineConfiguration => {
  const { exclude = [], folder = name, include = ["test/**/*.test.ts"], isTimed = false } = options
  return {
    test: {
      name,
      root: join(root, "packages", folder),
      include,
      exclude,
      // Longer than what the tests themselves wait for on a machine that is busy.
      testTimeout: 30_000,
      hookTimeout: 30_000,
      maxWorkers: isTimed ? 1 : 2,
      sequence: { groupOrder: isTimed ? 1 : 0 }
    }
  }
}

export default defineConfig({
  root,
  test: {
    projects: [
      ...["core", "postgres", "enrich", "webhook", "http", "testing", "cli"].map((name) => project(name)),
      project("sojourn-long", { folder: "sojourn", include: untimed }),
      project("redis", { isTimed: true }),
      project("sojourn", { exclude: untimed, isTimed: true })
    ],
    globalSetup: join(root, "packages/testing/test/globalSetup.ts"),
    reporters: ["default", new CountReporter()]
  }
})
