import { assert, it } from "@effect/vitest"
import { nothingYet, progressOf } from "@sojourn/cli/commands/loginImport"
import { shown } from "@sojourn/cli/progress"
import { Effect, Fiber, Option, Sink, Stdio } from "effect"
import { TestClock } from "effect/testing"

/** What is shown of 30 seconds in which 40 of 100 bytes are done, and of the end, when all are. */
const watch = Effect.fnUntraced(function*(isTerminal: boolean, size: Option.Option<number>) {
  const written: Array<string> = []
  const stdio = Stdio.layerTest({
    stderrIsTerminal: Effect.succeed(isTerminal),
    stderr: () => Sink.forEach((chunk: string | Uint8Array) => Effect.sync(() => written.push(String(chunk))))
  })
  const counted = nothingYet(size)
  const work = Effect.gen(function*() {
    Object.assign(counted, { bytes: 40, created: 3000, failed: 2 })
    yield* Effect.sleep("30 seconds")
    Object.assign(counted, { bytes: 100, created: 6000 })
  })
  const fiber = yield* Effect.forkChild(shown(() => progressOf(counted))(work).pipe(Effect.provide(stdio)), {
    startImmediately: true
  })
  yield* TestClock.adjust("30 seconds")
  yield* Fiber.join(fiber)
  return written
})

it.effect("on a terminal: one line that is drawn again and again", () =>
  Effect.gen(function*() {
    const written = yield* watch(true, Option.some(100))
    assert.isAbove(written.length, 100)
    assert.isTrue(written.every((text) => text.startsWith("\r\u001b[2K")))
    assert.include(written[50], "██████████░░░░░░░░░░░░░░  40 %  3,000 signed in")
    assert.strictEqual(
      written.at(-1),
      `\r\u001b[2K${"█".repeat(24)}  100 %  6,000 signed in, 200 a second, 2 failed\n`
    )
    assert.isTrue(written.slice(0, -1).every((text) => !text.includes("\n")))
  }))

it.effect("elsewhere: a plain line now and then", () =>
  Effect.gen(function*() {
    const written = yield* watch(false, Option.some(100))
    assert.isBelow(written.length, 20)
    assert.strictEqual(written[0], "40 %  3,000 signed in, 1,500 a second, 2 failed\n")
    assert.isTrue(written.every((text) => /^[\x20-\x7e]+\n$/.test(text)))
  }))

it.effect("without a known size there is no share, only counts", () =>
  Effect.gen(function*() {
    const written = yield* watch(false, Option.none())
    assert.strictEqual(written.at(-1), "6,000 signed in, 200 a second, 2 failed\n")
  }))
