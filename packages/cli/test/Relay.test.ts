import { assert, it } from "@effect/vitest"
import { RedeliverResult, RelayResult } from "@sojourn/cli/commands/relay"
import { RelaysResult, SetAsideResult } from "@sojourn/cli/commands/relays"
import { EventId, RelayName, RelayRepo, SetAside } from "@sojourn/core"
import { DateTime, Duration, Effect, Fiber, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { makeCli, memory, parse } from "./inProcess.ts"

const billing = RelayName.make("billing")

/** A command line on which alice has logged in so often, and the relays behind it. */
const withLogins = Effect.fnUntraced(function*(logins: number) {
  const context = yield* Layer.build(memory)
  const cli = yield* makeCli(Layer.succeedContext(context))
  yield* cli(["users", "put", "alice", "--tier", "pro"])
  const signIn = (count: number) => cli(["create", "--from", "-"], "{\"userId\":\"alice\"}\n".repeat(count))
  yield* signIn(logins)
  return { cli, signIn, repo: yield* Effect.provide(RelayRepo, context) }
})

const untilCaughtUp = ["relay", "billing", "--to", "stdout", "--until-caught-up"]

it.effect("D2 relay --until-caught-up: everything once and in order, then what is new, and nothing else", () =>
  Effect.gen(function*() {
    const { cli, signIn } = yield* withLogins(520)
    const first = yield* cli(untilCaughtUp)
    assert.deepStrictEqual([first.exitCode, first.stderr], [0, ""])
    assert.strictEqual(first.stdout, (yield* cli(["events", "--json"])).stdout)
    assert.match(first.progress, /100 % {2}520 delivered.*, at position 520, 0 behind\n$/)
    assert.strictEqual((yield* cli(untilCaughtUp)).stdout, "")
    yield* signIn(3)
    const { stdout } = yield* cli(untilCaughtUp)
    assert.deepStrictEqual(stdout.split("\n").map((line) => JSON.parse(line).position), [521, 522, 523])
  }))

it.effect("relay --to none --json: what was delivered; with an empty log it ends, too", () =>
  Effect.gen(function*() {
    const { cli } = yield* withLogins(0)
    const args = ["relay", "billing", "--to", "none", "--until-caught-up", "--json"]
    const { stdout } = yield* cli(args)
    assert.deepStrictEqual(yield* parse(RelayResult)(stdout), { name: billing, delivered: 0, setAside: 0, position: 0 })
    yield* cli(["create", "alice"])
    const text = yield* cli(args.slice(0, -1))
    assert.strictEqual(text.stdout, "billing has delivered 1 event and is at position 1")
  }))

/** Relays over a log that ends with positions of changes that were rolled back. */
const withGap = Layer.effect(
  RelayRepo,
  Effect.map(RelayRepo, (repo) => ({
    ...repo,
    hold: (...args) => Effect.map(repo.hold(...args), Option.map((held) => ({ ...held, head: held.head + 5 })))
  }))
).pipe(Layer.provideMerge(memory))

it.effect("relay --until-caught-up ends at a gap at the end of the log, too", () =>
  Effect.gen(function*() {
    const cli = yield* makeCli(withGap)
    yield* cli(["users", "put", "alice"])
    yield* cli(["create", "alice"])
    const fiber = yield* Effect.forkChild(cli(untilCaughtUp), { startImmediately: true })
    yield* TestClock.adjust("1 second")
    const { progress, stdout } = yield* Fiber.join(fiber)
    assert.strictEqual(JSON.parse(stdout).position, 1)
    assert.include(progress, "at position 1, 0 behind")
  }))

it.effect("D2 relay: what comes later, too, until it is stopped; it goes on where it was", () =>
  Effect.gen(function*() {
    const { cli, signIn } = yield* withLogins(2)
    const fiber = yield* Effect.forkChild(cli(["relay", "billing", "--to", "none"]), { startImmediately: true })
    yield* TestClock.adjust("5 seconds")
    yield* signIn(3)
    yield* TestClock.adjust("5 seconds")
    const [running] = (yield* parse(RelaysResult)((yield* cli(["relays", "--json"])).stdout)).relays
    assert.isNotNull(running?.heldUntil)
    assert.deepStrictEqual([running?.position, running?.head, running?.behind], [5, 5, 0])
    yield* Fiber.interrupt(fiber)
    const [stopped] = (yield* parse(RelaysResult)((yield* cli(["relays", "--json"])).stdout)).relays
    assert.deepStrictEqual([stopped?.position, stopped?.heldUntil], [5, null])
    yield* signIn(1)
    assert.strictEqual(JSON.parse((yield* cli(untilCaughtUp)).stdout).position, 6)
  }))

it.effect("relay --from end: a new relay leaves out what was before", () =>
  Effect.gen(function*() {
    const { cli, signIn } = yield* withLogins(5)
    assert.strictEqual((yield* cli([...untilCaughtUp, "--from", "end"])).stdout, "")
    yield* signIn(1)
    assert.strictEqual(JSON.parse((yield* cli([...untilCaughtUp, "--from", "beginning"])).stdout).position, 6)
  }))

it.effect("D5 relay: another process that runs it is waited for, or told of", () =>
  Effect.gen(function*() {
    const { cli, repo } = yield* withLogins(1)
    const other = { name: billing, holder: "another process" }
    yield* repo.hold(other, Duration.hours(1), "beginning")
    const fiber = yield* Effect.forkChild(cli(untilCaughtUp), { startImmediately: true })
    yield* TestClock.adjust("10 seconds")
    const { exitCode, progress, stderr, stdout } = yield* Fiber.join(fiber)
    assert.deepStrictEqual([exitCode, stdout], [1, ""])
    assert.strictEqual(stderr, "sojourn: Another process runs the relay \"billing\"; see \"sojourn relays\"")
    assert.include(progress, "0 a second, waiting for the relay")
    // The one that died is waited for: its lease runs out.
    const patient = yield* Effect.forkChild(cli(untilCaughtUp), { startImmediately: true })
    yield* TestClock.adjust("3 seconds")
    yield* repo.release(other)
    yield* TestClock.adjust("3 seconds")
    assert.strictEqual((yield* Fiber.join(patient)).exitCode, 0)
  }))

it.effect("relays, relays set-aside, relay --redeliver: what could not be delivered is told of, and delivered", () =>
  Effect.gen(function*() {
    const { cli, repo } = yield* withLogins(3)
    const none = yield* cli(["relays"])
    assert.strictEqual(none.stdout, "No relay ever ran; see \"sojourn relay --help\"")
    const missing = yield* cli(["relays", "set-aside", "billing"])
    assert.deepStrictEqual([missing.exitCode, missing.stdout], [1, ""])
    assert.include(missing.stderr, "No relay with the name \"billing\" ever ran")
    const mistyped = yield* cli(["relay", "billing", "--to", "none", "--redeliver"])
    assert.deepStrictEqual([mistyped.exitCode, mistyped.stdout, mistyped.stderr], [1, "", missing.stderr])

    const events = (yield* cli(["events", "--json"])).stdout.split("\n").map((line) => JSON.parse(line))
    const run = { name: billing, holder: "a process" }
    yield* repo.hold(run, Duration.seconds(1), "beginning")
    const at = DateTime.makeUnsafe("2026-11-01T12:00:00Z")
    const message = "400 Bad\nRequest"
    yield* Effect.forEach(events.slice(0, 2), ({ event, position }) =>
      repo.advance(
        run,
        position,
        Option.some(SetAside.make({ position, eventId: EventId.make(event.eventId), message, at }))
      ))
    yield* repo.release(run)

    const table = (yield* cli(["relays"])).stdout.split("\n")
    assert.match(table[0]!, /^NAME +POSITION +HEAD +BEHIND +HELD UNTIL +SET ASIDE$/)
    assert.match(table[1]!, /^billing +2 +3 +1 +not running +2$/)
    const aside = yield* parse(SetAsideResult)(
      (yield* cli(["relays", "set-aside", "billing", "--limit", "1", "--json"])).stdout
    )
    assert.deepStrictEqual(aside, {
      name: billing,
      setAside: [{ position: 1, eventId: events[0].event.eventId, message, at }],
      total: 2
    })
    const text = (yield* cli(["relays", "set-aside", "billing", "--limit", "1"])).stdout.split("\n")
    assert.match(text[1]!, /^1 +\S+ {2}2026-11-01 12:00:00Z {2}400 Bad Request$/)
    assert.strictEqual(text[2], "2 set aside; the oldest 1 are shown")

    const again = yield* cli(["relay", "billing", "--to", "stdout", "--redeliver"])
    assert.strictEqual(again.stdout, events.slice(0, 2).map((event) => JSON.stringify(event)).join("\n"))
    const rest = yield* cli(["relay", "billing", "--to", "none", "--redeliver", "--json"])
    assert.deepStrictEqual(yield* parse(RedeliverResult)(rest.stdout), { name: billing, redelivered: 0 })
    assert.strictEqual((yield* cli(["relays", "set-aside", "billing"])).stdout, "0 set aside")
  }))
