import { join } from "node:path"
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config"
import CountReporter from "./packages/testing/test/CountReporter.ts"

const root = import.meta.dirname

/** Packages whose tests are about outages, lags and deadlines: these come after the others, one file at a time. */
const timed = new Set(["redis", "sojourn"])

/** A project that runs the tests beside one package's sources. */
const project = (name: string): TestProjectInlineConfiguration => ({
  test: {
    name,
    root: join(root, "packages", name),
    include: ["test/**/*.test.ts"],
    // Longer than what the tests themselves wait for on a machine that is busy.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: timed.has(name) ? 1 : 2,
    sequence: { groupOrder: timed.has(name) ? 1 : 0 }
  }
})

export default defineConfig({
  root,
  test: {
    projects: ["core", "postgres", "redis", "enrich", "webhook", "testing", "sojourn", "cli"].map(project),
    globalSetup: join(root, "packages/testing/test/globalSetup.ts"),
    reporters: ["default", new CountReporter()]
  }
})
