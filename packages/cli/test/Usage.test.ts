import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { idleCli } from "./inProcess.ts"

it.effect.each([
  [["--help"], "sojourn <subcommand>"],
  [[], "sojourn <subcommand>"],
  [["users"], "sojourn users <subcommand>"],
  [["users", "put", "--help"], "sojourn users put alice --tier plus"],
  [["create", "--help"], "zcat logins.ndjson.gz"],
  [["list", "--help"], "--all"],
  [["show", "--help"], "never its token"],
  [["validate", "--help"], "sojourn validate --json < token.txt"],
  [["revoke", "--help"], "security_concern"],
  [["revoke-all", "--help"], "--except"],
  [["sweep", "--help"], "90 days"],
  [["events", "--help"], "--after"],
  [["migrate", "--help"], "--check"],
  [["demo", "--help"], "no server is needed"],
  [["--version"], "sojourn v"],
  [["--completions", "bash"], "complete"]
])("%j is answered at once, without starting anything", ([args, told]) =>
  Effect.gen(function*() {
    const { exitCode, stderr, stdout } = yield* idleCli()(args as ReadonlyArray<string>)
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    assert.include(stdout, told as string)
  }))
