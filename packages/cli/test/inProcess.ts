/** Runs the command inside the test's process, over services in memory. */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Failed } from "@sojourn/cli/failure"
import { run } from "@sojourn/cli/run"
import { Device, EventBusInProcess, Location, SessionCacheInProcess } from "@sojourn/core"
import { EnricherTest, SecureRandomTest, SessionRepoMemory, UserRepoMemory } from "@sojourn/testing"
import { Cause, Effect, Exit, Layer, Option, Schema, Sink, Stdio, Stream } from "effect"
import { TestConsole } from "effect/testing"
import type { Sojourn } from "sojourn"

/** Everybody uses Chrome in New York. */
const enrichers = Layer.merge(
  EnricherTest.device(EnricherTest.known(Device.make({ name: "Chrome on macOS", kind: "desktop" }))).layer,
  EnricherTest.location(EnricherTest.known(Location.make({ country: "US", city: Option.some("New York") }))).layer
)

/** All services in memory. */
export const memory: Layer.Layer<Sojourn.Services> = SessionRepoMemory.layer.pipe(
  Layer.provideMerge(UserRepoMemory.layer()),
  Layer.provideMerge(SecureRandomTest.layer()),
  Layer.merge(enrichers),
  Layer.merge(Layer.mergeAll(SessionCacheInProcess.layer(), EventBusInProcess.layer(), NodeCrypto.layerDigest))
)

/** What a run left behind. */
export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** What was written to standard error beside the console: the progress. */
  readonly progress: string
}

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

const cliOver = (services: Layer.Layer<Sojourn.Services>) => {
  const command = run(services)
  return Effect.fnUntraced(function*(args: ReadonlyArray<string>, stdin: string | Uint8Array = "") {
    const progress: Array<string> = []
    const stdio = Stdio.layerTest({
      stdin: Stream.make(typeof stdin === "string" ? Buffer.from(stdin) : stdin),
      stderr: () => Sink.forEach((chunk: string | Uint8Array) => Effect.sync(() => progress.push(String(chunk))))
    })
    return yield* Effect.gen(function*() {
      const exit = yield* Effect.exit(command(args))
      const outcome: Outcome = {
        exitCode: exitCodeOf(exit),
        stdout: (yield* TestConsole.logLines).join("\n"),
        stderr: (yield* TestConsole.errorLines).join("\n"),
        progress: progress.join("")
      }
      return outcome
    }).pipe(Effect.provide([stdio, Layer.fresh(TestConsole.layer)]), Effect.provide(NodeServices.layer))
  })
}

/** The one JSON document that is all of a text. */
export const parse = <A, I>(schema: Schema.Codec<A, I>) =>
  Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.toCodecJson(schema)))
