import { join } from "node:path"
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config"
import CountReporter from "./packages/testing/test/CountReporter.ts"

const root = import.meta.dirname

/** A project that runs the tests beside one package's sources. */
const project = (name: string): TestProjectInlineConfiguration => ({
  test: { name, root: join(root, "packages", name), include: ["test/**/*.test.ts"] }
})

export default defineConfig({
  root,
  test: {
    projects: ["core", "postgres", "redis", "enrich", "webhook", "testing", "sojourn", "cli"].map(project),
    globalSetup: join(root, "packages/testing/test/globalSetup.ts"),
    reporters: ["default", new CountReporter()]
  }
})
