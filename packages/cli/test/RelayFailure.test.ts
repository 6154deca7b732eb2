/** `sojourn relay` when the receiver, or the store, does not do its part. */
import { assert, it } from "@effect/vitest"
import { EventLog, EventLogError } from "@sojourn/core"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { makeCli, memory } from "./inProcess.ts"

const untilCaughtUp = ["relay", "billing", "--to", "stdout", "--until-caught-up"]

/** Services whose log is read so. */
const reading = (read: (log: EventLog["Service"]) => EventLog["Service"]["read"]) =>
  Layer.effect(EventLog, Effect.map(EventLog, (log) => ({ ...log, read: read(log) }))).pipe(
    Layer.provideMerge(memory)
  )

/** The event at this position cannot be encoded. */
const poisonedAt = (poisoned: number) =>
  reading((log) => (query) =>
    Effect.map(
      log.read(query),
      (page) =>
        page.map((each) =>
          each.position === poisoned ? { ...each, event: { ...each.event, at: undefined } as never } : each
        )
    )
  )

it.effect("D3 relay: what is set aside on the way is told of, and the exit code is 1", () =>
  Effect.gen(function*() {
    const cli = yield* makeCli(poisonedAt(1))
    yield* cli(["users", "put", "alice"])
    yield* cli(["create", "--from", "-"], "{\"userId\":\"alice\"}\n".repeat(2))
    const fiber = yield* Effect.forkChild(cli(untilCaughtUp), { startImmediately: true })
    yield* TestClock.adjust("2 minutes")
    const { exitCode, stderr, stdout } = yield* Fiber.join(fiber)
    assert.deepStrictEqual([exitCode, JSON.parse(stdout).position], [1, 2])
    assert.include(stderr, "sojourn: 1 event could not be delivered; see \"sojourn relays set-aside billing\"")
  }))

it.effect("D3 relay: what comes before an event that cannot be written is printed once", () =>
  Effect.gen(function*() {
    const cli = yield* makeCli(poisonedAt(3))
    yield* cli(["users", "put", "alice"])
    yield* cli(["create", "--from", "-"], "{\"userId\":\"alice\"}\n".repeat(2))
    yield* cli(["create", "--from", "-"], "{\"userId\":\"alice\"}\n".repeat(2))
    const fiber = yield* Effect.forkChild(cli(untilCaughtUp), { startImmediately: true })
    yield* TestClock.adjust("2 minutes")
    const { stdout } = yield* Fiber.join(fiber)
    const printed = stdout.split("\n").map((line) => JSON.parse(line).position)
    assert.deepStrictEqual(printed.slice(0, 3), [1, 2, 4])
    assert.lengthOf(new Set(printed), printed.length)
  }))

it.effect("relay --until-caught-up: what waiting does not mend ends it", () =>
  Effect.gen(function*() {
    const cause = { operation: "read", reason: "AccessDenied", message: "No permission", cause: "test" } as const
    const cli = yield* makeCli(reading(() => () => Effect.fail(new EventLogError(cause))))
    const fiber = yield* Effect.forkChild(cli(untilCaughtUp), { startImmediately: true })
    yield* TestClock.adjust("10 seconds")
    assert.isDefined(fiber.pollUnsafe())
    const { exitCode, stderr } = yield* Fiber.join(fiber)
    assert.strictEqual(exitCode, 1)
    assert.include(stderr, "No permission")
  }))
