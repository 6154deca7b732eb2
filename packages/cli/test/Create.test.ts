import { assert, it } from "@effect/vitest"
import { CreateResult } from "@sojourn/cli/commands/create"
import { EventLine } from "@sojourn/cli/commands/events"
import { ListResult } from "@sojourn/cli/commands/list"
import { parseToken } from "@sojourn/core"
import { DateTime, Duration, Effect, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { makeCli, parse } from "./inProcess.ts"

const decode = parse(CreateResult)

/** A command line that knows alice, at noon on 1 November 2026. */
const withAlice = Effect.gen(function*() {
  yield* TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe("2026-11-01T12:00:00Z")))
  const cli = yield* makeCli()
  yield* cli(["users", "put", "alice"])
  return cli
})

it.effect("C1 create: prints session, token, device, place and expiry as one JSON document", () =>
  Effect.gen(function*() {
    const cli = yield* withAlice
    const { exitCode, stderr, stdout } = yield* cli([
      "create",
      "alice",
      "--ip",
      "8.8.8.8",
      "--user-agent",
      "x",
      "--json"
    ])
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    const created = yield* decode(stdout)
    assert.deepStrictEqual([created.deviceInfo, created.location], ["Chrome on macOS", "New York, US"])
    assert.strictEqual(DateTime.formatIso(created.expiresAt), "2026-12-01T12:00:00.000Z")
    assert.deepStrictEqual(created.evicted, [])
    const token = parseToken(Redacted.make(created.token))
    assert.strictEqual(Option.getOrThrow(token).sessionId, created.sessionId)
  }))

it.effect("C8 create: at the limit the oldest session ends, and its id is printed", () =>
  Effect.gen(function*() {
    const cli = yield* withAlice
    const sessions = yield* Effect.forEach(
      [1, 2, 3],
      () => Effect.flatMap(cli(["create", "alice", "--json"]), ({ stdout }) => decode(stdout))
    )
    assert.deepStrictEqual(sessions.map(({ evicted }) => evicted), [[], [], [sessions[0]!.sessionId]])
    assert.include((yield* cli(["create", "alice"])).stdout, `Ended session ${sessions[1]!.sessionId} to make room`)
  }))

it.effect("C13 create: an asked expiry is kept", () =>
  Effect.gen(function*() {
    const cli = yield* withAlice
    const { stdout } = yield* cli(["create", "alice", "--expires-in", "12 hours", "--json"])
    const { expiresAt } = yield* decode(stdout)
    assert.deepStrictEqual(expiresAt, DateTime.addDuration(yield* DateTime.now, Duration.hours(12)))
  }))

it.effect.each([
  [["create", "nobody"], "No user with the id \"nobody\""],
  [["create", "alice", "--expires-in", "-1 day"], "must lie in the future"],
  [["create", "alice", "--expires-in=-1 day"], "must lie in the future"],
  [["create", "alice", "--expires-in", "0 seconds"], "must lie in the future"],
  [["create", "alice", "--expires-in", "400 days"], "not after"],
  [["create", "al\0ice"], "without control characters"],
  [["create", ""], "cannot be a user id"],
  [["create", "x".repeat(256)], "cannot be a user id"],
  [["list", "al\0ice"], "without control characters"],
  [["users", "put", "al\nice"], "without control characters"],
  [["events", "--user", "al\0ice"], "without control characters"]
])("C7, C23 %j fails: exit code 1, one line, nothing written", ([args, told]) =>
  Effect.gen(function*() {
    const cli = yield* withAlice
    const { exitCode, stderr, stdout } = yield* cli([...args as ReadonlyArray<string>, "--json"])
    assert.deepStrictEqual([exitCode, stdout], [1, ""])
    assert.include(stderr, told as string)
    assert.match(stderr, /^sojourn: .{1,500}$/)
    assert.strictEqual((yield* cli(["events", "--json"])).stdout, "")
    assert.strictEqual((yield* parse(ListResult)((yield* cli(["list", "alice", "--json"])).stdout)).total, 0)
  }))

it.effect("C16 create: a limit of 0 is told, and what to do", () =>
  Effect.gen(function*() {
    const cli = yield* withAlice
    yield* cli(["users", "put", "alice", "--max-sessions", "0"])
    const { exitCode, stderr } = yield* cli(["create", "alice"])
    assert.strictEqual(exitCode, 1)
    assert.include(stderr, "raise their limit")
  }))

it.effect("C24, C25 create: what is no address is left out, a huge user agent is cut, controls are removed", () =>
  Effect.gen(function*() {
    const cli = yield* withAlice
    const userAgent = `Mozilla\0\u001b[2J${"A".repeat(1_000_000)}`
    const { exitCode } = yield* cli(["create", "alice", "--ip", "8.8.8.8:443", "--user-agent", userAgent])
    assert.strictEqual(exitCode, 0)
    const { sessions } = yield* parse(ListResult)((yield* cli(["list", "alice", "--json"])).stdout)
    assert.deepStrictEqual(sessions.map(({ ipAddress }) => ipAddress), [null])
    const { event } = yield* parse(EventLine)((yield* cli(["events", "--json"])).stdout)
    assert.isTrue(event._tag === "SessionCreated" && Option.isNone(event.ipAddress))
  }))

it.effect.each([
  [["create"], "either a user id, or --from"],
  [["create", "alice", "--from", "-"], "either a user id, or --from"],
  [["create", "--from", "-", "--ip", "8.8.8.8"], "are in the file"],
  [["create", "alice", "bob"], "bob"],
  [["create", "alice", "--expires-in", "soon"], "a duration"],
  [["create", "alice", "--expires-in", "9000 days"], "at most 7300 days"],
  [["create", "alice", "--refresh-token-id", ""], "1 to 255"],
  [["create", "alice", "--ip"], "--ip"]
])("%j is a wrong use: exit code 2 and one line", ([args, told]) =>
  Effect.gen(function*() {
    const cli = yield* withAlice
    const { exitCode, stderr, stdout } = yield* cli([...args as ReadonlyArray<string>, "--json"])
    assert.deepStrictEqual([exitCode, stdout], [2, ""])
    assert.include(stderr, told as string)
    assert.match(stderr, /^sojourn: .*see "sojourn create --help"$/)
  }))
