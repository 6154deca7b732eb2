/** What is said of values in the arguments that are refused. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { idleCli, makeCli } from "./inProcess.ts"

it.effect("events --after: the greatest position that is said to do is taken, and no greater one", () =>
  Effect.gen(function*() {
    const cli = yield* makeCli()
    const { exitCode, stderr } = yield* cli(["events", "--after", "9007199254740991"])
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    assert.strictEqual((yield* idleCli()(["events", "--after", "9007199254740992"])).exitCode, 2)
  }))

it.effect("users put --max-sessions: a number that is too great is told how great it may be", () =>
  Effect.gen(function*() {
    const { exitCode, stderr } = yield* idleCli()(["users", "put", "alice", "--max-sessions", "2147483648"])
    assert.strictEqual(exitCode, 2)
    assert.include(stderr, "a whole number from 0 to 2147483647, or \"unlimited\"")
  }))

it.effect("create --from: a name that is empty is told to be", () =>
  Effect.gen(function*() {
    const { exitCode, stderr } = yield* idleCli()(["create", "--from", ""])
    assert.strictEqual(exitCode, 1)
    assert.include(stderr, "The name of the file is empty; give the path of one, or - for standard input")
  }))
