import { assert, it } from "@effect/vitest"
import { EventLog, EventLogError } from "@sojourn/core"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { makeCli, memory } from "./inProcess.ts"
import { signedIn } from "./signedIn.ts"

it.effect("D2 events --follow: what is there, then what comes later, each once and in order", () =>
  Effect.gen(function*() {
    const { cli } = yield* signedIn({ alice: 2, bob: 0 })
    const follow = yield* Effect.forkChild(cli(["events", "--follow", "--json", "--limit", "4"]), {
      startImmediately: true
    })
    yield* TestClock.adjust("10 seconds")
    yield* cli(["create", "alice"])
    yield* TestClock.adjust("10 seconds")
    yield* cli(["create", "alice"])
    yield* TestClock.adjust("1 second")
    const { exitCode, stdout } = yield* Fiber.join(follow)
    assert.strictEqual(exitCode, 0)
    assert.strictEqual(stdout, (yield* cli(["events", "--json"])).stdout)
    assert.strictEqual(stdout.split("\n").length, 4)
  }))

it.effect("events --follow --user --after, for people: only what is meant", () =>
  Effect.gen(function*() {
    const { cli } = yield* signedIn({ alice: 2, bob: 1 })
    const follow = yield* Effect.forkChild(
      cli(["events", "-f", "--user", "bob", "--after", "3", "--limit", "1"]),
      { startImmediately: true }
    )
    yield* cli(["create", "alice"])
    yield* TestClock.adjust("1 second")
    yield* cli(["create", "bob"])
    yield* TestClock.adjust("1 second")
    const { stdout } = yield* Fiber.join(follow)
    assert.match(stdout, /^ +5 {2}\S+ \S+ {2}SessionCreated {2}bob {2}\S+, Chrome on macOS, New York, US$/)
  }))

it.effect("events --session: the life of one session", () =>
  Effect.gen(function*() {
    const { alice: [phone, laptop], cli } = yield* signedIn({ alice: 2, bob: 1 })
    yield* cli(["revoke", phone!.sessionId])
    yield* cli(["revoke", laptop!.sessionId])
    const { stdout } = yield* cli(["events", "--session", phone!.sessionId, "--json"])
    const events = stdout.split("\n").map((line) => JSON.parse(line).event)
    assert.deepStrictEqual(events.map(({ _tag, sessionId }) => [_tag, sessionId]), [
      ["SessionCreated", phone!.sessionId],
      ["SessionRevoked", phone!.sessionId]
    ])
    assert.strictEqual((yield* cli(["events", "--session", phone!.sessionId, "--user", "bob"])).stdout, "")
  }))

/** A log that goes away after one reading. */
const leaving = Layer.effect(
  EventLog,
  Effect.map(EventLog, (log) => {
    let readings = 0
    return {
      ...log,
      read: (query) =>
        Effect.suspend(() => {
          readings += 1
          return readings === 1 ? log.read(query) : Effect.fail(
            new EventLogError({ operation: "read", reason: "Unavailable", message: "It went away", cause: "test" })
          )
        })
    }
  })
).pipe(Layer.provideMerge(memory))

it.effect("events --follow: when the log fails, one line says how to go on", () =>
  Effect.gen(function*() {
    const cli = yield* makeCli(leaving)
    yield* cli(["users", "put", "alice"])
    yield* cli(["create", "alice"])
    yield* cli(["create", "alice"])
    const { exitCode, stderr, stdout } = yield* cli(["events", "--follow", "--json"])
    assert.strictEqual(exitCode, 1)
    assert.deepStrictEqual(stdout.split("\n").map((line) => JSON.parse(line).position), [1, 2])
    assert.strictEqual(stderr, "sojourn: It went away; to go on where this stopped, give --after 2")
  }))
