import { assert, it } from "@effect/vitest"
import { EventLine } from "@sojourn/cli/commands/events"
import { ListResult } from "@sojourn/cli/commands/list"
import { Effect } from "effect"
import { makeCli, parse } from "./inProcess.ts"

/** A command line that knows alice and bob, and `count` logins of each. */
const withLogins = Effect.fnUntraced(function*(count: number) {
  const cli = yield* makeCli()
  yield* cli(["users", "put", "alice"])
  yield* cli(["users", "put", "bob"])
  const logins = Array.from({ length: 2 * count }, (_, at) => `{"userId":"${at % 2 === 0 ? "alice" : "bob"}"}`)
  yield* cli(["create", "--from", "-"], logins.join("\n"))
  return cli
})

const readEvents = Effect.fnUntraced(function*(
  cli: Effect.Success<ReturnType<typeof makeCli>>,
  ...args: ReadonlyArray<string>
) {
  const { stdout } = yield* cli(["events", "--json", ...args])
  return yield* Effect.forEach(stdout === "" ? [] : stdout.split("\n"), (line) => parse(EventLine)(line))
})

it.effect("Q7, Q8, Q11 list: active ones, with --all every one, newest first, with the totals", () =>
  Effect.gen(function*() {
    const cli = yield* withLogins(3)
    const list = (...args: ReadonlyArray<string>) =>
      Effect.flatMap(cli(["list", "alice", "--json", ...args]), ({ stdout }) => parse(ListResult)(stdout))
    const all = yield* list("--all")
    assert.deepStrictEqual([all.total, all.active, all.sessions.map(({ active }) => active)], [3, 2, [
      true,
      true,
      false
    ]])
    assert.deepStrictEqual(all.sessions.map(({ endedReason }) => endedReason), [null, null, "session_limit_exceeded"])
    assert.deepStrictEqual(
      all.sessions.map(({ sessionId }) => sessionId),
      all.sessions.map(({ sessionId }) => sessionId).toSorted().toReversed()
    )
    const live = yield* list()
    assert.deepStrictEqual(live, { ...all, sessions: all.sessions.slice(0, 2) })
    assert.deepStrictEqual(yield* list("--limit", "1"), { ...all, sessions: all.sessions.slice(0, 1) })
  }))

it.effect("Q10 list: a user who is not known has none", () =>
  Effect.gen(function*() {
    const cli = yield* makeCli()
    const { exitCode, stdout } = yield* cli(["list", "nobody", "--json"])
    assert.deepStrictEqual([exitCode, JSON.parse(stdout)], [0, { sessions: [], total: 0, active: 0 }])
    assert.strictEqual((yield* cli(["list", "nobody"])).stdout, "0 active of 0 in all")
  }))

it.effect("list: a plain, aligned table for people", () =>
  Effect.gen(function*() {
    const cli = yield* withLogins(3)
    const { stdout } = yield* cli(["list", "alice", "--all", "--limit", "2"])
    const [titles, ...rows] = stdout.split("\n")
    assert.match(titles!, /^SESSION {2,}DEVICE {2,}PLACE {2,}ADDRESS {2,}SIGNED IN {2,}EXPIRES {2,}STATE$/)
    const column = titles!.indexOf("PLACE")
    assert.deepStrictEqual(rows.slice(0, 2).map((row) => row.slice(column, column + 12)), [
      "New York, US",
      "New York, US"
    ])
    assert.strictEqual(rows[2], "2 active of 3 in all; the newest 2 are shown, see --limit")
    assert.notInclude(stdout, "\u001b")
  }))

it.effect("list: 100 by default; that there are more is told only if there are", () =>
  Effect.gen(function*() {
    const cli = yield* withLogins(3)
    assert.match((yield* cli(["list", "bob"])).stdout, /\n2 active of 3 in all$/)
    yield* cli(["users", "put", "alice", "--tier", "pro"])
    yield* cli(["create", "--from", "-"], "{\"userId\":\"alice\"}\n".repeat(99))
    const { sessions } = yield* parse(ListResult)((yield* cli(["list", "alice", "--json"])).stdout)
    assert.lengthOf(sessions, 100)
    const { stdout } = yield* cli(["list", "alice"])
    assert.match(stdout, /\n101 active of 102 in all; the newest 100 are shown, see --limit$/)
  }))

it.effect("C11, C12 events: each change has its event, in order, one a line", () =>
  Effect.gen(function*() {
    const cli = yield* withLogins(3)
    const events = yield* readEvents(cli)
    assert.strictEqual(events.length, 8)
    assert.deepStrictEqual(
      events.map(({ position }) => position),
      events.map(({ position }) => position).toSorted((a, b) => a - b)
    )
    const alice = yield* readEvents(cli, "--user", "alice")
    assert.deepStrictEqual(alice.map(({ event }) => event._tag), [
      "SessionCreated",
      "SessionCreated",
      "SessionEvicted",
      "SessionCreated"
    ])
    assert.isTrue(alice.every(({ event }) => event.userId === "alice"))
    const { stdout } = yield* cli(["events", "--user", "alice", "--limit", "1"])
    assert.match(stdout, /^ +\d+ {2}\S+ \S+ {2}SessionCreated {2}alice {2}\S+, Chrome on macOS, New York, US$/)
  }))

it.effect("D2 events: reading on from a position misses nothing, over many pages", () =>
  Effect.gen(function*() {
    const cli = yield* withLogins(400)
    const all = yield* readEvents(cli)
    assert.strictEqual(all.length, 800 + 796)
    const first = yield* readEvents(cli, "--limit", "700")
    const rest = yield* readEvents(cli, "--after", String(first.at(-1)?.position))
    assert.deepStrictEqual([...first, ...rest], all)
    assert.deepStrictEqual(yield* readEvents(cli, "--after", String(all.at(-1)?.position)), [])
  }))
