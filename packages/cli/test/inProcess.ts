/** Runs the command inside the test's process, over services in memory. */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Failed } from "@sojourn/cli/failure"
import { run } from "@sojourn/cli/run"
import {
  ActivityWriter,
  Device,
  EventBusInProcess,
  Location,
  SessionCacheInProcess,
  SessionLookup
} from "@sojourn/core"
import { EnricherTest, SecureRandomTest, SessionRepoMemory, UserRepoMemory } from "@sojourn/testing"
import { Cause, Effect, Exit, Layer, Option, Queue, Schema, Sink, Stdio, Stream, Terminal } from "effect"
import { TestConsole } from "effect/testing"
import type { Sojourn } from "sojourn"

/** Everybody uses Chrome in New York. */
const enrichers = Layer.merge(
  EnricherTest.device(EnricherTest.known(Device.make({ name: "Chrome on macOS", kind: "desktop" }))).layer,
  EnricherTest.location(EnricherTest.known(Location.make({ country: "US", city: Option.some("New York") }))).layer
)

/** All services in memory. */
export const memory: Layer.Layer<Sojourn.Services> = Layer.merge(SessionLookup.layer, ActivityWriter.layer).pipe(
  Layer.provideMerge(SessionRepoMemory.layer),
  Layer.provideMerge(UserRepoMemory.layer()),
  Layer.provideMerge(SecureRandomTest.layer()),
  Layer.merge(enrichers),
  Layer.provideMerge(Layer.mergeAll(SessionCacheInProcess.layer(), EventBusInProcess.layer(), NodeCrypto.layerDigest))
)

/** What a run left behind. */
export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** What was written to standard error beside the console: progress and prompts. */
  readonly progress: string
}

/** What somebody types at the terminal that standard input is. */
export class Typed {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const keyboard = (text: string) =>
  Layer.succeed(
    Terminal.Terminal,
    Terminal.make({
      columns: Effect.succeed(80),
      rows: Effect.succeed(24),
      size: Effect.die("not asked for"),
      readLine: Effect.die("not asked for: a line would be shown while it is typed"),
      display: () => Effect.die("not to standard output"),
      readInput: Effect.tap(Queue.unbounded<Terminal.UserInput, Cause.Done>(), (queue) =>
        Queue.offerAll(
          queue,
          [...text].map((key) => ({
            input: Option.some(key),
            key: { name: key === "\r" ? "return" : key, ctrl: false, meta: false, shift: false }
          }))
        ))
    })
  )

const exitCodeOf = (exit: Exit.Exit<void, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  const error = Cause.squash(exit.cause)
  if (error instanceof Failed) return error.exitCode
  throw error
}

/** A command line whose runs share the services. */
export const makeCli = (services: Layer.Layer<Sojourn.Services> = memory) =>
  Effect.map(Layer.build(services), (context) => cliOver(Layer.succeedContext(context)))

/** A command line over services that no command may start. */
export const idleCli = () => cliOver(Layer.effectContext(Effect.die(new Error("The services were started"))))

const keep = (texts: Array<string>) => () =>
  Sink.forEach((chunk: string | Uint8Array) => Effect.sync(() => texts.push(String(chunk))))

const cliOver = (services: Layer.Layer<Sojourn.Services>) => {
  const command = run(services)
  return Effect.fnUntraced(function*(args: ReadonlyArray<string>, stdin: string | Uint8Array | Typed = "") {
    const progress: Array<string> = []
    const written: Array<string> = []
    const stdio = Stdio.layerTest({
      stdinIsTerminal: Effect.succeed(stdin instanceof Typed),
      stdin: stdin instanceof Typed
        ? Stream.die("not asked for: a terminal would show what is typed")
        : Stream.make(typeof stdin === "string" ? Buffer.from(stdin) : stdin),
      stdout: keep(written),
      stderr: keep(progress)
    })
    return yield* Effect.gen(function*() {
      const exit = yield* Effect.exit(command(args))
      const outcome: Outcome = {
        exitCode: exitCodeOf(exit),
        stdout: [...(yield* TestConsole.logLines), ...written.map((text) => text.replace(/\n$/, ""))].join("\n"),
        stderr: (yield* TestConsole.errorLines).join("\n"),
        progress: progress.join("")
      }
      return outcome
    }).pipe(
      Effect.provide([
        stdio,
        Layer.fresh(TestConsole.layer),
        stdin instanceof Typed ? keyboard(stdin.text) : Layer.empty
      ]),
      Effect.provide(NodeServices.layer)
    )
  })
}

/** The one JSON document that is all of a text. */
export const parse = <A, I>(schema: Schema.Codec<A, I>) =>
  Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.toCodecJson(schema)))
