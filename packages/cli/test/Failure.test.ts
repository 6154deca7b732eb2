import { assert, it } from "@effect/vitest"
import { Failed, oneLine, report } from "@sojourn/cli/failure"
import { SessionRepo } from "@sojourn/core"
import { SessionCacheTest } from "@sojourn/testing"
import { Cause, Effect, Layer } from "effect"
import { TestConsole } from "effect/testing"
import { makeCli, memory } from "./inProcess.ts"

/** A repository with a bug. */
const defective = Layer.effect(
  SessionRepo,
  Effect.map(SessionRepo, (repo) => ({ ...repo, list: () => Effect.die(new TypeError("x is not\na function")) }))
).pipe(Layer.provideMerge(memory))

it.effect("a defect is one line without a stack trace, exit code 1", () =>
  Effect.gen(function*() {
    const { exitCode, stderr, stdout } = yield* (yield* makeCli(defective))(["list", "alice", "--json"])
    assert.deepStrictEqual([exitCode, stdout], [1, ""])
    assert.strictEqual(stderr, "sojourn: This is a defect of sojourn, please report it: x is not a function")
  }))

it.effect("C22 create: a cache that is away is a warning on standard error, not a failure", () =>
  Effect.gen(function*() {
    const cli = yield* makeCli(Layer.merge(memory, SessionCacheTest.failing))
    yield* cli(["users", "put", "alice"])
    const { exitCode, stderr, stdout } = yield* cli(["create", "alice", "--json"])
    assert.strictEqual(exitCode, 0)
    assert.strictEqual(JSON.parse(stdout).deviceInfo, "Chrome on macOS")
    assert.match(stderr, /^sojourn: warn: The session cache could not be written.*$/)
    const quiet = yield* cli(["create", "alice", "--json", "--log-level", "error"])
    assert.deepStrictEqual([quiet.exitCode, quiet.stderr], [0, ""])
  }))

it.effect("an interruption is not reported as a failure", () =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(report(Cause.interrupt(1)))
    assert.isTrue(exit._tag === "Failure" && Cause.hasInterruptsOnly(exit.cause))
    assert.deepStrictEqual(yield* TestConsole.errorLines, [])
  }))

it.effect("what has been reported is not reported again", () =>
  Effect.gen(function*() {
    const failed = new Failed({ exitCode: 3 })
    assert.strictEqual(yield* Effect.flip(report(Cause.fail(failed))), failed)
    assert.deepStrictEqual(yield* TestConsole.errorLines, [])
  }))

it("a line has no control characters and a bounded length", () => {
  assert.strictEqual(oneLine("a\n  b\u001b[2J\0\ud800c"), "a b [2J c")
  assert.strictEqual(oneLine("x".repeat(10_000)).length, 500)
})
