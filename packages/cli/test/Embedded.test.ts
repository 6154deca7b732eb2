import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { CreateResult } from "@sojourn/cli/commands/create"
import { ListResult } from "@sojourn/cli/commands/list"
import { ImportResult } from "@sojourn/cli/commands/loginImport"
import { CheckResult } from "@sojourn/cli/commands/migrate"
import { RevokeResult } from "@sojourn/cli/commands/revoke"
import { ShowResult } from "@sojourn/cli/commands/show"
import { SweepResult } from "@sojourn/cli/commands/sweep"
import { PutUserResult } from "@sojourn/cli/commands/users"
import { ValidateResult } from "@sojourn/cli/commands/validate"
import { Context, Effect, Layer, Schedule } from "effect"
import { once } from "node:events"
import { cpSync, existsSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { parse } from "./inProcess.ts"
import { assertFailure, freshDirectory, said, sojourn, start } from "./process.ts"

/** A directory with an embedded database in which alice is known, made once by the command itself. */
class DataDir extends Context.Service<DataDir, string>()("DataDir") {
  static readonly layer = Layer.effect(
    DataDir,
    Effect.gen(function*() {
      const directory = yield* freshDirectory
      const { exitCode, stderr, stdout } = yield* sojourn(["users", "put", "alice", "--json"], {
        SOJOURN_DATA_DIR: directory
      })
      assert.deepStrictEqual([exitCode, stderr], [0, ""])
      assert.strictEqual((yield* parse(PutUserResult)(stdout)).limit, 2)
      return directory
    })
  ).pipe(Layer.provideMerge(NodeServices.layer))
}

const inDataDir = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
  return yield* sojourn([...args, "--data-dir", yield* DataDir])
})

const chrome =
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"

const timeout = 60_000

const check = (directory: string) => sojourn(["migrate", "--check", "--json", "--data-dir", directory])

layer(DataDir.layer, { timeout, excludeTestServices: true })("the embedded default", (it) => {
  it.effect("C1 create: device and place of a real login, kept for the next process", () =>
    Effect.gen(function*() {
      const { exitCode, stderr, stdout } = yield* inDataDir(
        "create",
        "alice",
        "--ip",
        "8.8.8.8",
        "--user-agent",
        chrome,
        "--json"
      )
      assert.deepStrictEqual([exitCode, stderr], [0, ""])
      const created = yield* parse(CreateResult)(stdout)
      assert.deepStrictEqual([created.deviceInfo, created.location], ["Chrome on macOS", "US"])
      const listed = yield* parse(ListResult)((yield* inDataDir("list", "alice", "--json")).stdout)
      assert.deepStrictEqual(listed.sessions.map(({ ipAddress, sessionId }) => [sessionId, ipAddress]), [[
        created.sessionId,
        "8.8.8.8"
      ]])
    }), timeout)

  it.effect(
    "create --from: the result on standard output, progress on standard error, exit code 1 if a line failed",
    () =>
      Effect.gen(function*() {
        const file = `${yield* freshDirectory}.ndjson`
        writeFileSync(file, "{\"userId\":\"alice\"}\nnonsense\n{\"userId\":\"nobody\"}\n{\"userId\":\"alice\"}\n")
        const { exitCode, stderr, stdout } = yield* inDataDir("create", "--from", file, "--json")
        const { created, failed } = yield* parse(ImportResult)(stdout)
        assert.deepStrictEqual([exitCode, created, failed.map(({ line }) => line)], [1, 2, [2, 3]])
        assert.match(stderr, /100 % {2}2 signed in, .*2 failed\nsojourn: 2 lines failed; .*\n$/)
      }),
    timeout
  )

  it.effect(
    "create --from: Ctrl-C: what is done is told, and at which line to go on",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const { child, ended } = yield* start(["create", "--from", "-", "--json", "--data-dir", yield* DataDir])
        child.stdin.write("{\"userId\":\"alice\"}\nnonsense\n{\"userId\":\"alice\"}\n")
        yield* said(child, "2 signed in")
        child.kill("SIGINT")
        const { exitCode, stderr, stdout } = yield* ended
        const { created, failedCount, stoppedAt } = yield* parse(ImportResult)(stdout)
        assert.deepStrictEqual([exitCode, created, failedCount, stoppedAt], [130, 2, 1, 4])
        assert.include(stderr, "sojourn: Stopped at line 4, as it was interrupted")
      })),
    timeout
  )

  it.effect(
    "--data-dir wins over DATABASE_URL; next to --database-url it is wrong use",
    () =>
      Effect.gen(function*() {
        const directory = yield* DataDir
        const DATABASE_URL = "postgres://127.0.0.1:1/none"
        for (const args of [["list", "alice"], ["migrate", "--check"]]) {
          const wins = yield* sojourn([...args, "--data-dir", directory], { DATABASE_URL })
          assert.deepStrictEqual([wins.exitCode, wins.stderr], [0, ""])
          const both = yield* sojourn([...args, "--data-dir", directory, "--database-url", DATABASE_URL])
          assert.deepStrictEqual([both.exitCode, both.stdout], [2, ""])
          assert.match(both.stderr, /^sojourn: [^\n]*Give --database-url or --data-dir, not both[^\n]*\n$/)
          assertFailure(yield* sojourn(args, { DATABASE_URL, SOJOURN_DATA_DIR: directory }), "cannot be reached")
        }
      }),
    timeout
  )

  it.effect(
    "V1, V6, R1 validate, revoke, validate: a process each, the token on standard input, which may stay open",
    () =>
      Effect.gen(function*() {
        const created = yield* parse(CreateResult)((yield* inDataDir("create", "alice", "--json")).stdout)
        const { sessionId, token } = created
        const directory = yield* DataDir
        const validate = Effect.scoped(Effect.gen(function*() {
          const { child, ended } = yield* start(["validate", "--json", "--data-dir", directory])
          child.stdin.write(`${token}\n`)
          return yield* ended
        }))
        const good = yield* validate
        assert.deepStrictEqual([good.exitCode, good.stderr], [0, ""])
        assert.deepStrictEqual((yield* parse(ValidateResult)(good.stdout)).sessionId, sessionId)
        const { stdout } = yield* inDataDir("revoke", sessionId, "--json")
        assert.deepStrictEqual((yield* parse(RevokeResult)(stdout)).revoked, [sessionId])
        const bad = yield* validate
        assert.deepStrictEqual([bad.exitCode, bad.stderr], [1, ""])
        assert.deepStrictEqual(JSON.parse(bad.stdout), { valid: false, sessionId, reason: "admin_action" })
      }),
    timeout
  )

  it.effect(
    "P13 sweep: ends what has expired; no other command does so by the way, however long it takes",
    () =>
      Effect.gen(function*() {
        const created = yield* inDataDir("create", "alice", "--expires-in", "1 second", "--json")
        const { sessionId } = yield* parse(CreateResult)(created.stdout)
        yield* Effect.sleep("1 second")
        yield* Effect.scoped(Effect.gen(function*() {
          const { child, ended } = yield* start(["create", "--from", "-", "--data-dir", yield* DataDir])
          // The first line of progress comes when the services have been up for a while.
          yield* Effect.promise(() => once(child.stderr, "data"))
          child.stdin.end()
          assert.strictEqual((yield* ended).exitCode, 0)
        }))
        const listed = yield* parse(ListResult)((yield* inDataDir("list", "alice", "--all", "--json")).stdout)
        const expired = listed.sessions.find((session) => session.sessionId === sessionId)
        assert.deepStrictEqual([expired?.active, expired?.endedReason], [false, null])
        const swept = yield* parse(SweepResult)((yield* inDataDir("sweep", "--json")).stdout)
        assert.deepStrictEqual(swept, { ended: 1, purgedSessions: 0, purgedEvents: 0 })
        const shown = yield* parse(ShowResult)((yield* inDataDir("show", sessionId, "--json")).stdout)
        assert.deepStrictEqual([shown.endedReason, shown.endedAt], ["expired", shown.expiresAt])
      }),
    timeout
  )

  it.effect(
    "a directory in use by another process: one line, and free again after an interruption",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const directory = yield* DataDir
        const lock = join(directory, "sojourn.lock")
        const { child, ended } = yield* start(["create", "--from", "-", "--data-dir", directory])
        yield* Effect.suspend(() => existsSync(lock) ? Effect.void : Effect.fail("not yet")).pipe(
          Effect.retry(Schedule.spaced("50 millis"))
        )
        assertFailure(yield* inDataDir("list", "alice"), "in use by another process")
        child.kill("SIGINT")
        assert.strictEqual((yield* ended).exitCode, 130)
        assert.strictEqual((yield* inDataDir("list", "alice")).exitCode, 0)
      })),
    timeout
  )

  it.effect(
    "a reader that has enough, as in `list | head`, is no failure",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const { child, ended } = yield* start(["list", "alice", "--data-dir", yield* DataDir])
        child.stdout.destroy()
        assert.deepStrictEqual(yield* ended, { exitCode: 0, stdout: "", stderr: "" })
      })),
    timeout
  )

  it.effect(
    "a reader that has gone does not make a bad token a good one",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const { child, ended } = yield* start(["validate", "--json", "--data-dir", yield* DataDir])
        child.stdout.destroy()
        child.stdin.end("no token\n")
        assert.deepStrictEqual(yield* ended, { exitCode: 1, stdout: "", stderr: "" })
      })),
    timeout
  )

  it.effect(
    "a slow reader gets the whole result of a command that fails",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const { child, ended } = yield* start(["create", "--from", "-", "--json", "--data-dir", yield* DataDir])
        child.stdout.pause()
        child.stdin.end(`{"userId":"${"x".repeat(250)}"}\n`.repeat(1000))
        yield* said(child, "1000 lines failed")
        yield* Effect.sleep("4 seconds")
        child.stdout.resume()
        const { exitCode, stdout } = yield* ended
        assert.strictEqual(exitCode, 1)
        assert.lengthOf((yield* parse(ImportResult)(stdout)).failed, 1000)
      })),
    timeout
  )

  it.effect("damaged files: one line", () =>
    Effect.gen(function*() {
      const damaged = yield* freshDirectory
      cpSync(yield* DataDir, damaged, { recursive: true })
      writeFileSync(join(damaged, "global", "pg_control"), Buffer.alloc(8192, 7))
      assertFailure(yield* sojourn(["list", "alice", "--data-dir", damaged]), "damaged")
    }), timeout)

  it.effect("a directory that cannot be made: one line", () =>
    Effect.gen(function*() {
      const directory = yield* freshDirectory
      writeFileSync(directory, "a file is in the way")
      assertFailure(
        yield* sojourn(["list", "alice", "--data-dir", join(directory, "data")]),
        "cannot be made or written"
      )
    }), timeout)

  it.effect(
    "migrate --check: nothing is missing; where nothing is yet, everything, and nothing is made",
    () =>
      Effect.gen(function*() {
        const { exitCode, stdout } = yield* check(yield* DataDir)
        assert.deepStrictEqual([exitCode, yield* parse(CheckResult)(stdout)], [0, { pending: [] }])
        const fresh = yield* freshDirectory
        const missing = yield* check(fresh)
        assert.deepStrictEqual([missing.exitCode, missing.stderr], [1, ""])
        assert.isAbove((yield* parse(CheckResult)(missing.stdout)).pending.length, 0)
        assert.isFalse(existsSync(fresh))
        assert.isTrue(existsSync(dirname(fresh)))
      }),
    timeout
  )

  it.effect("wrong use: exit code 2 and one line; help: exit code 0", () =>
    Effect.gen(function*() {
      const [wrong, help] = yield* Effect.all([sojourn(["lst", "alice", "--json"]), sojourn(["--help"])])
      assert.deepStrictEqual([wrong.exitCode, wrong.stdout], [2, ""])
      assert.match(wrong.stderr, /^sojourn: Unknown subcommand "lst"[^\n]+\n$/)
      assert.deepStrictEqual([help.exitCode, help.stderr], [0, ""])
      assert.include(help.stdout, "SUBCOMMANDS")
    }), timeout)
})
