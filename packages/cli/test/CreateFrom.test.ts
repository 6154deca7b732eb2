import { assert, it } from "@effect/vitest"
import { ListResult } from "@sojourn/cli/commands/list"
import { maxLineBytes } from "@sojourn/cli/commands/loginLine"
import { Effect } from "effect"
import { decode, from, knowing, ndjson, onLogins } from "./importing.ts"
import { idleCli, parse } from "./inProcess.ts"

it.effect("C14 create --from: every line is a login, and the limits hold", () =>
  Effect.gen(function*() {
    const users = Array.from({ length: 20 }, (_, at) => `user-${at}`)
    const cli = yield* knowing(users)
    const logins = Array.from({ length: 1000 }, (_, at) => ({ userId: users[at % 20], ip: "8.8.8.8", userAgent: "x" }))
    const { exitCode, progress, stderr, stdout } = yield* cli(from, ndjson(logins))
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    assert.deepStrictEqual(yield* decode(stdout), { created: 1000, evicted: 960, failed: [], failedCount: 0 })
    assert.include(progress, "1,000 signed in")
    yield* Effect.forEach(users, (user) =>
      Effect.gen(function*() {
        const { active, total } = yield* parse(ListResult)((yield* cli(["list", user, "--json"])).stdout)
        assert.deepStrictEqual([active, total], [2, 50])
      }))
  }))

it.effect("create --from: bad lines are reported by number, the others go on, and the exit code is 1", () =>
  Effect.gen(function*() {
    const cli = yield* knowing(["alice", "al\ufffdice"])
    const lines = [
      Buffer.from("\ufeff{\"userId\":\"alice\",\"ip\":\"8.8.8.8\"}\r"),
      Buffer.from("nonsense"),
      Buffer.from(""),
      Buffer.from("{\"userId\":\"nobody\"}"),
      Buffer.from("{\"userId\":\"al\\u0000ice\"}"),
      Buffer.from("{\"userId\":\"alice\",\"ip\":\"not an address\",\"userAgent\":\"Moz\\u0000illa\"}"),
      Buffer.from(JSON.stringify({ userId: "alice", ip: null, userAgent: "A".repeat(1_000_000) })),
      Buffer.from("{\"userId\":\"al\xffice\"}", "latin1"),
      Buffer.alloc(maxLineBytes + 1, "x"),
      Buffer.from("{\"userId\":\"alice\",\"at\":\"yesterday\"}"),
      Buffer.from("{\"userId\":\"alice\",\"at\":\"1955-01-01T00:00:00Z\"}"),
      Buffer.from("[]"),
      Buffer.from("{\"userId\":5}"),
      Buffer.from("{\"ip\":\"8.8.8.8\"}"),
      Buffer.from("   "),
      Buffer.from("{\"userId\":\"alice\",\"more\":true}")
    ]
    const input = Buffer.concat(lines.flatMap((line) => [line, Buffer.from("\n")]))
    const { exitCode, stderr, stdout } = yield* cli(from, input)
    assert.deepStrictEqual([exitCode, stderr], [
      1,
      "sojourn: 10 lines failed; correct what failed and give only that again"
    ])
    const { created, failed, failedCount } = yield* decode(stdout)
    assert.deepStrictEqual([created, failedCount], [4, 10])
    assert.deepStrictEqual(failed.map(({ line }) => line), [2, 4, 5, 8, 9, 10, 11, 12, 13, 14])
  }))

it.effect("create --from: what failed is listed for people, too", () =>
  Effect.gen(function*() {
    const cli = yield* knowing(["alice"])
    const { stdout } = yield* cli(["create", "--from", "-"], ndjson([{ userId: "alice" }, { userId: "nobody" }]))
    assert.strictEqual(
      stdout,
      "Line 2: No user with the id \"nobody\"; add them before they log in\n" +
        "1 signed in, 0 older sessions ended, 1 line failed"
    )
    yield* cli(["users", "put", "alice", "--max-sessions", "1"])
    const again = yield* cli(["create", "--from", "-"], ndjson([{ userId: "alice" }]))
    assert.strictEqual(again.stdout, "1 signed in, 1 older session ended, 0 lines failed")
  }))

/** A repository with a bug that the third login meets. */
const defective = onLogins((nth, admit) => nth === 3 ? Effect.die(new TypeError("x is not a function")) : admit)

it.effect("create --from: a bug that one login meets fails that line only", () =>
  Effect.gen(function*() {
    const cli = yield* knowing(["alice"], defective)
    const { exitCode, stdout } = yield* cli(from, ndjson(Array.from({ length: 5 }, () => ({ userId: "alice" }))))
    const { created, failed } = yield* decode(stdout)
    assert.deepStrictEqual([exitCode, created], [1, 4])
    const error = "This is a defect of sojourn, please report it: x is not a function"
    assert.deepStrictEqual(failed, [{ line: 3, error }])
  }))

it.effect("create --from: of very many failed lines 1,000 are listed and all are counted", () =>
  Effect.gen(function*() {
    const cli = yield* knowing([])
    const { failed, failedCount } = yield* decode((yield* cli(from, "x\n".repeat(3000))).stdout)
    assert.deepStrictEqual([failed.length, failedCount, failed[0]?.line], [1000, 3000, 1])
  }))

it.effect("create --from: an empty input is no failure", () =>
  Effect.gen(function*() {
    const { exitCode, stdout } = yield* (yield* knowing([]))(from, "")
    assert.deepStrictEqual([exitCode, yield* decode(stdout)], [0, {
      created: 0,
      evicted: 0,
      failed: [],
      failedCount: 0
    }])
  }))

it.effect("C25 create --from: a user agent is kept to 1,024 characters", () =>
  Effect.gen(function*() {
    const cli = yield* knowing(["alice"])
    yield* cli(from, ndjson([{ userId: "alice", userAgent: "A".repeat(20_000) }]))
    const { sessions } = yield* parse(ListResult)((yield* cli(["list", "alice", "--json"])).stdout)
    const shown = yield* cli(["show", sessions[0]!.sessionId, "--json"])
    assert.strictEqual(JSON.parse(shown.stdout).userAgent.length, 1024)
  }))

it.effect.each([
  ["no-such-file.ndjson", "There is no file"],
  [import.meta.dirname, "is a directory"]
])("create --from %s fails before anything is started", ([file, told]) =>
  Effect.gen(function*() {
    const { exitCode, stderr, stdout } = yield* idleCli()(["create", "--from", file!, "--json"])
    assert.deepStrictEqual([exitCode, stdout], [1, ""])
    assert.match(stderr, /^sojourn: .*$/)
    assert.include(stderr, told!)
  }))
