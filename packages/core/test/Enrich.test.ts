import { assert, describe, it } from "@effect/vitest"
import {
  CreateSession,
  createSession,
  DeviceEnricher,
  enrichmentFailures,
  EventLog,
  LocationEnricher,
  SessionRepo,
  User,
  UserId
} from "@sojourn/core"
import { EnricherTest, Fixtures, SojournTest } from "@sojourn/testing"
import { DateTime, Effect, Exit, Fiber, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { recorded } from "./recorded.ts"

const { device, location } = Fixtures
const userId = UserId.make("alice")
const sojourn = SojournTest.layer({ users: [User.make({ id: userId })] })
const logIn = createSession(CreateSession.make({ userId }))
const deviceKnown = EnricherTest.known(device)
const locationKnown = EnricherTest.known(location)

/** Logs in with these enrichers, and tells how long it took and what was counted. */
const logInWith = Effect.fnUntraced(function*(
  devices: Layer.Layer<DeviceEnricher>,
  locations: Layer.Layer<LocationEnricher>
) {
  const fiber = yield* Effect.forkChild(recorded(logIn.pipe(Effect.provide([devices, locations]))), {
    startImmediately: true
  })
  yield* Effect.repeat(TestClock.adjust("1 millis"), { times: 1000 })
  const { counted, exit, logs } = yield* Fiber.join(fiber)
  const { deviceInfo, location, sessionId } = yield* exit
  const { createdAt } = Option.getOrThrow(yield* SessionRepo.use((repo) => repo.find(sessionId)))
  return {
    millis: DateTime.toEpochMillis(createdAt),
    logs,
    answers: [deviceInfo, location],
    failures: [
      counted(enrichmentFailures, { enricher: "device" }),
      counted(enrichmentFailures, { enricher: "location" })
    ]
  }
})

const throwing = () => {
  throw new Error("thrown")
}

describe("C6 absent enrichment never prevents a login", () => {
  it.effect.each([
    { how: "fail", answer: EnricherTest.failing },
    { how: "defect", answer: EnricherTest.defective }
  ])("both $how: absent, at once, logged and counted for each", ({ answer }) =>
    Effect.gen(function*() {
      const { answers, failures, logs, millis } = yield* logInWith(
        EnricherTest.device(answer).layer,
        EnricherTest.location(answer).layer
      )
      assert.deepStrictEqual(answers, [Option.none(), Option.none()])
      assert.deepStrictEqual(failures, [1, 1])
      assert.strictEqual(millis, 0)
      assert.strictEqual(logs.length, 2)
      assert.match(logs[0]!, /^Warn .*device enricher gave no answer/)
    }).pipe(Effect.provide(sojourn)))

  it.effect("both throw: absent, logged and counted for each", () =>
    Effect.gen(function*() {
      const { answers, failures } = yield* logInWith(
        Layer.succeed(DeviceEnricher, { enrich: throwing }),
        Layer.succeed(LocationEnricher, { enrich: throwing })
      )
      assert.deepStrictEqual(answers, [Option.none(), Option.none()])
      assert.deepStrictEqual(failures, [1, 1])
    }).pipe(Effect.provide(sojourn)))

  it.effect("both hang: absent after 250 ms, not one after the other", () =>
    Effect.gen(function*() {
      const { answers, failures, millis } = yield* logInWith(
        EnricherTest.device(EnricherTest.hanging).layer,
        EnricherTest.location(EnricherTest.hanging).layer
      )
      assert.deepStrictEqual(answers, [Option.none(), Option.none()])
      assert.deepStrictEqual(failures, [1, 1])
      assert.strictEqual(millis, 250)
    }).pipe(Effect.provide(sojourn)))

  it.effect("one hangs: the other's answer is kept", () =>
    Effect.gen(function*() {
      const { answers, failures, millis } = yield* logInWith(
        EnricherTest.device(deviceKnown).layer,
        EnricherTest.location(EnricherTest.hanging).layer
      )
      assert.deepStrictEqual(answers, [Option.some(device), Option.none()])
      assert.deepStrictEqual(failures, [0, 1])
      assert.strictEqual(millis, 250)
    }).pipe(Effect.provide(sojourn)))

  it.effect("slow but within 250 ms: the answer is kept, and nothing counts as a failure", () =>
    Effect.gen(function*() {
      const { answers, failures, logs, millis } = yield* logInWith(
        EnricherTest.device(Effect.delay(deviceKnown, "249 millis")).layer,
        EnricherTest.location(Effect.delay(locationKnown, "200 millis")).layer
      )
      assert.deepStrictEqual(answers, [Option.some(device), Option.some(location)])
      assert.deepStrictEqual(failures, [0, 0])
      assert.deepStrictEqual(logs, [])
      assert.strictEqual(millis, 249)
    }).pipe(Effect.provide(sojourn)))

  it.effect("finding nothing is an answer, not a failure", () =>
    Effect.gen(function*() {
      const { answers, failures, logs } = yield* logInWith(DeviceEnricher.layerDisabled, LocationEnricher.layerDisabled)
      assert.deepStrictEqual(answers, [Option.none(), Option.none()])
      assert.deepStrictEqual(failures, [0, 0])
      assert.deepStrictEqual(logs, [])
    }).pipe(Effect.provide(sojourn)))

  it.effect("both hang and cannot be interrupted: absent after 250 ms all the same", () =>
    Effect.gen(function*() {
      const stubborn = Effect.uninterruptible(EnricherTest.hanging)
      const { answers, failures, millis } = yield* logInWith(
        EnricherTest.device(stubborn).layer,
        EnricherTest.location(stubborn).layer
      )
      assert.deepStrictEqual(answers, [Option.none(), Option.none()])
      assert.deepStrictEqual(failures, [1, 1])
      assert.strictEqual(millis, 250)
    }).pipe(Effect.provide(sojourn)))

  it.effect.each([
    { how: "takes too long", giveUp: TestClock.adjust("250 millis") },
    { how: "is no longer waited for", giveUp: Fiber.interrupt }
  ])("one that $how is interrupted", ({ giveUp }) =>
    Effect.gen(function*() {
      const stopped: Array<string> = []
      const hanging = (name: string) =>
        Effect.onInterrupt(EnricherTest.hanging, () => Effect.sync(() => stopped.push(name)))
      const fiber = yield* Effect.forkChild(
        logIn.pipe(Effect.provide([
          EnricherTest.device(hanging("device")).layer,
          EnricherTest.location(hanging("location")).layer
        ])),
        { startImmediately: true }
      )
      assert.deepStrictEqual(stopped, [])
      yield* Effect.isEffect(giveUp) ? giveUp : giveUp(fiber)
      yield* Fiber.await(fiber)
      assert.deepStrictEqual(stopped, ["device", "location"])
    }).pipe(Effect.provide(sojourn)))

  it.effect("what hangs is said to have taken too long", () =>
    Effect.gen(function*() {
      const { logs } = yield* logInWith(EnricherTest.device(EnricherTest.hanging).layer, LocationEnricher.layerDisabled)
      assert.strictEqual(logs.length, 1)
      assert.match(logs[0]!, /^Warn .*device enricher gave no answer.*TimeoutError: No answer within 250ms/s)
    }).pipe(Effect.provide(sojourn)))

  it.effect("C21 a login interrupted while it waits leaves nothing behind", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      const repo = yield* SessionRepo
      const fiber = yield* Effect.forkChild(
        logIn.pipe(Effect.provide(EnricherTest.device(EnricherTest.hanging).layer)),
        { startImmediately: true }
      )
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(
        yield* repo.list({ userId, now: Fixtures.now, all: true, before: Option.none(), limit: 1 }),
        { sessions: [], total: 0, active: 0 }
      )
      assert.deepStrictEqual(yield* log.read({ after: 0, limit: 10, userId: Option.none() }), [])
    }).pipe(Effect.provide(sojourn)))
})
