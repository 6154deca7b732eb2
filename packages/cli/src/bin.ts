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

/** Whoever still holds standard input open after what was read of it keeps nobody waiting. */
const inputDone = Effect.sync(() => process.stdin.destroy())

// V8 would optimize the embedded PostgreSQL's largest function as it starts, which takes longer than most commands, and
// the process waits for it in the end. With the largest budget only what runs for seconds is optimized.
setFlagsFromString("--wasm-tiering-budget=2147483647")

process.stderr.on("error", () => {})
// Whoever reads the output may have enough, as in `sojourn list | head`: what the command comes to is not changed by that.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") failed(error)
})
process.on("uncaughtException", failed)

// An exit with a code drops what a full pipe has not taken yet; so it waits for the reader, but not for long once it is interrupted.
Stdio.Stdio.use(({ args }) => Effect.flatMap(args, run(services))).pipe(
  Effect.exit,
  Effect.tap(outputWritten),
  Effect.flatten,
  Effect.onInterrupt(() => Effect.ignore(Effect.timeout(outputWritten, "2 seconds"))),
  Effect.ensuring(inputDone),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
