import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config"

/** A project that runs the tests beside one package's sources. */
const project = (name: string): TestProjectInlineConfiguration => ({
  test: { name, root: `packages/${name}`, include: ["test/**/*.test.ts"] }
})

export default defineConfig({
  test: { projects: ["core", "postgres", "redis", "enrich", "testing", "sojourn", "cli"].map(project) }
})
