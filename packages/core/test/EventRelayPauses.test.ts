/** What a relay tells while it has to pause. */
import { assert, it } from "@effect/vitest"
import { EventLog, EventLogError, type StoreFailure } from "@sojourn/core"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { sojourn } from "./alice.ts"
import { recorded } from "./recorded.ts"
import { relay } from "./relayed.ts"

it.effect("D2 each reason of a pause is told at once, and not again for half a minute", () =>
  Effect.gen(function*() {
    let reason: StoreFailure | "bug" = "Unavailable"
    const failing = Layer.effect(
      EventLog,
      Effect.map(EventLog, (log) => ({
        ...log,
        read: () =>
          Effect.suspend(() =>
            reason === "bug"
              ? Effect.die("a bug")
              : Effect.fail(new EventLogError({ operation: "read", reason, message: `It is ${reason}`, cause: "test" }))
          )
      }))
    )
    const { exit, logs } = yield* recorded(
      Effect.gen(function*() {
        yield* relay(() => Effect.void)
        for (const next of ["Unavailable", "AccessDenied", "bug", "Unavailable"] as const) {
          reason = next
          yield* TestClock.adjust("5 seconds")
        }
        yield* TestClock.adjust("15 seconds")
      }).pipe(Effect.provide(failing))
    )
    yield* exit
    const told = logs.filter((line) => line.includes("pauses, and tries again"))
    assert.deepStrictEqual(told.map((line) => /It is \w+|unexpected/.exec(line)?.[0]), [
      "It is Unavailable",
      "It is AccessDenied",
      "unexpected",
      "It is Unavailable"
    ])
  }).pipe(Effect.provide(sojourn)))
