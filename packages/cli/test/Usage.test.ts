import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
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
  [["events", "--help"], "--follow"],
  [["events", "export", "--help"], "one JSON document a line"],
  [["relays", "--help"], "sojourn relays set-aside billing"],
  [["relays", "set-aside", "--help"], "rejected them ten times"],
  [["relay", "--help"], "no other command can use it"],
  [["migrate", "--help"], "--check"],
  [["doctor", "--help"], "opened and closed"],
  [["demo", "--help"], "no server is needed"],
  [["--version"], "sojourn v"],
  [["--completions", "bash"], "complete"]
])("%j is answered at once, without starting anything", ([args, told]) =>
  Effect.gen(function*() {
    const { exitCode, stderr, stdout } = yield* idleCli()(args as ReadonlyArray<string>)
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    assert.include(stdout, told as string)
  }))

it.effect.each([
  [["events", "--session", "sjn1_secret"], 1, "This cannot be a session id"],
  [["list", "alice", "--database-url", ""], 2, "a value that is not empty"],
  [["list", "alice", "--data-dir", ""], 2, "a value that is not empty"],
  [["list", "al\ufffdce"], 1, "it is no UTF-8"],
  [["events", "exprot"], 2, "Unknown subcommand \"exprot\""],
  [["events", "--follow", "export"], 2, "--follow"],
  [["events", "--limit", "0"], 2, "a whole number from 1"],
  [["events", "export", "--since", "yesterday"], 2, "a time such as 2026-01-31T12:00:00Z"],
  [["events", "export", "--since", "2026-02-30"], 2, "a day such as 2026-01-31"],
  [["events", "export", "--until", "2027-02-29T12:00:00Z"], 2, "a day such as 2026-01-31"],
  [["events", "export", "--output", ""], 1, "The name of the output file is empty"],
  [["events", "--after", ""], 2, "a whole number from 0"],
  [["users", "put", "alice", "--max-sessions", ""], 2, "a whole number from 0"],
  [["users", "put", "alice", "--max-sessions", " "], 2, "a whole number from 0"],
  [["users", "put", "alice", "--max-sessions", "0x10"], 2, "a whole number from 0"],
  [["relay", "billing", "--to", "alice:hunter22@example.com/hooks"], 2, "none, stdout, redis"],
  [["migrate", "--check", "--limit-query", "SELECT 1"], 2, "not both"],
  [["relay", "billing"], 2, "--to"],
  [["relay", "--to", "none"], 2, "name"],
  [["relay", "my relay", "--to", "none"], 1, "This cannot be the name of a relay"],
  [["relay", "billing", "--to", "ftp://x/hunter22"], 2, "none, stdout, redis"],
  [["relay", "billing", "--to", "redis"], 2, "--redis-url"],
  [["relay", "billing", "--to", "none", "--redeliver", "--until-caught-up"], 2, "not both"],
  [["relays", "set-aside"], 2, "name"]
])("%j: exit code %i and one line, without starting anything", ([args, code, told]) =>
  Effect.gen(function*() {
    const { exitCode, stderr, stdout } = yield* idleCli()(args as ReadonlyArray<string>)
    assert.deepStrictEqual([exitCode, stdout], [code, ""])
    assert.match(stderr, /^sojourn: [^\n]+$/)
    assert.include(stderr, told as string)
    assert.notMatch(stderr, /sjn1_secret|hunter22/)
  }).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({})))))
