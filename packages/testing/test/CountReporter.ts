/** Ends the output of a test run with one line to read by eye or by program: `12 passed, 0 failed, 3 skipped`. */
import type { Reporter, TestModule, TestRunEndReason, Vitest } from "vitest/node"

/** A file that cannot be loaded, a hook that fails and an error outside of tests count as a failure each. */
export default class CountReporter implements Reporter {
  private vitest: Vitest | undefined
  private lines: ReadonlyArray<string> = []

  onInit(vitest: Vitest) {
    this.vitest = vitest
    // whatever else is printed after the summary, this comes last
    process.once("exit", () => process.stdout.write(this.lines.map((line) => `${line}\n`).join("")))
  }

  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<unknown>, reason: TestRunEndReason) {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      count.failed += module.errors().length
      for (const suite of module.children.allSuites()) count.failed += suite.errors().length
      for (const test of module.children.allTests()) count[test.result().state] += 1
    }
    if (reason !== "passed" && count.failed === 0) count.failed = 1
    const skipped = count.skipped + count.pending
    const context = this.vitest?.getRootProject().getProvidedContext() ?? {}
    this.lines = [
      ...("redisUrl" in context && context.redisUrl === undefined ? ["Not covered: Redis (no server was found)"] : []),
      `${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`
    ]
  }
}
