/** Runs a command line from its arguments to its exit code. */
import { Effect, Layer, References } from "effect"
import { Command } from "effect/cli"
import { createRequire } from "node:module"
import type { Sojourn } from "sojourn"
import * as Cli from "./cli.ts"
import { report } from "./failure.ts"
import * as Terminal from "./terminal.ts"

const manifest: { readonly version: string } = createRequire(import.meta.url)("../package.json")

/** A value that begins with a minus and a digit, such as "-1 day", belongs to the flag before it. */
const joinNegative = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args.flatMap((arg, at) => isLifetime(args, at + 1) ? [] : isLifetime(args, at) ? [`${args[at - 1]}=${arg}`] : [arg])

const isLifetime = (args: ReadonlyArray<string>, at: number) =>
  args[at - 1] === "--expires-in" && /^-\d/.test(args[at] ?? "")

/** Runs the arguments. Fails with `Failed`, which has the exit code, once everything about it has been printed. */
export const run = <E, R>(services: Layer.Layer<Sojourn.Services, E, R>) => {
  const command = Command.runWith(Cli.make(services), { version: manifest.version })
  return (args: ReadonlyArray<string>) =>
    command(joinNegative(args)).pipe(
      Effect.provide(Terminal.layer),
      Effect.provideService(References.MinimumLogLevel, "Warn"),
      Effect.catchCause(report)
    )
}
