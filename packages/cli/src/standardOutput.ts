/** Lines on standard output, no faster than whoever reads them takes them. */
import { Console, Data, Effect, type PlatformError, Predicate, Stdio, Stream } from "effect"
import { Failed, oneLine } from "./failure.ts"

/** Standard output cannot be written. */
export class OutputFailed extends Data.TaggedError("OutputFailed")<{ readonly message: string }> {}

const isReaderGone = ({ reason: { cause } }: PlatformError.PlatformError) =>
  Predicate.hasProperty(cause, "code") && cause.code === "EPIPE"

/** Whoever reads the output has enough, as in `sojourn events | head`: the run is over, and that is no failure. */
const explain = (error: PlatformError.PlatformError) =>
  isReaderGone(error)
    ? new Failed({ exitCode: 0 })
    : new OutputFailed({ message: `Standard output cannot be written: ${oneLine(error.message)}` })

/** Writes lines as they come. Whole lines only, whenever it is interrupted. */
export const writeLines = <E, R>(lines: Stream.Stream<string, E, R>) =>
  Effect.gen(function*() {
    const { stdout } = yield* Stdio.Stdio
    const written = Stream.mapArray(lines, (lines) => [`${lines.join("\n")}\n`] as const)
    yield* Stream.runForEach(written, (text) => Effect.mapError(Stream.run(Stream.make(text), stdout()), explain))
  })

/** Prints a text, and fails when it cannot be written: also when its reader has gone, which is a failure of few commands only. */
export const printed = (text: string): Effect.Effect<void, OutputFailed> =>
  Effect.flatMap(Console.Console, (console) =>
    Effect.callback((resume) => {
      console.log(text)
      // At once, before the error is forgotten: what waits behind a write that fails is told of it.
      process.stdout.write("", (error) =>
        resume(error instanceof Error ? Effect.fail(new OutputFailed({ message: error.message })) : Effect.void))
    }))

/** Waits until all that was written has left the process. A pipe that is full takes nothing until it is read. */
export const outputWritten = Effect.callback<void>((resume) => {
  process.stdout.write("", () => resume(Effect.void))
})
