#!/usr/bin/env node
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Stdio } from "effect"
import { setFlagsFromString } from "node:v8"
import { oneLine } from "./failure.ts"
import { services } from "./layers.ts"
import { run } from "./run.ts"
import { outputWritten } from "./standardOutput.ts"

const failed = (error: NodeJS.ErrnoException) => {
  process.stderr.write(`sojourn: ${oneLine(error.message)}\n`)
  process.exit(1)
}

/** Whoever reads the output has enough, as in `sojourn events | head`: that is no failure. */
const readerGone = Effect.callback<void>((resume) => {
  process.stdout.on(
    "error",
    (error: NodeJS.ErrnoException) => error.code === "EPIPE" ? resume(Effect.void) : failed(error)
  )
})

/** Whoever still holds standard input open after what was read of it keeps nobody waiting. */
const inputDone = Effect.sync(() => process.stdin.destroy())

// V8 would optimize the embedded PostgreSQL's largest function as it starts, which takes longer than most commands, and
// the process waits for it in the end. With the largest budget only what runs for seconds is optimized.
setFlagsFromString("--wasm-tiering-budget=2147483647")

process.stderr.on("error", () => {})
process.on("uncaughtException", failed)

Stdio.Stdio.use(({ args }) => Effect.flatMap(args, run(services))).pipe(
  // An exit with a code drops what a full pipe has not taken yet; nobody who does not read on is waited for, though.
  Effect.ensuring(Effect.ignore(Effect.timeout(outputWritten, "2 seconds"))),
  Effect.raceFirst(readerGone),
  Effect.ensuring(inputDone),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
