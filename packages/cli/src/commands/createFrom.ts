/** `sojourn create --from`: signs in every user of a file. */
import { Cause, Console, Data, Effect } from "effect"
import { Failed, oneLine } from "../failure.ts"
import { counted, print } from "../output.ts"
import * as Progress from "../progress.ts"
import { ImportResult, makeImport, maxListed } from "./loginImport.ts"
import type { Source } from "./loginSource.ts"

/** Reading failed on the way. */
export class SourceFailed extends Data.TaggedError("SourceFailed")<{ readonly message: string }> {}

const failedLines = (count: number) => `${counted(count, "line")} failed`

const summary = ({ created, evicted, failedCount }: typeof ImportResult.Type) =>
  `${created} signed in, ${counted(evicted, "older session")} ended, ${failedLines(failedCount)}`

const printResult = (result: typeof ImportResult.Type) =>
  print(ImportResult)(result, ({ bold, yellow }) => [
    ...result.failed.map(({ error, line }) => yellow(`Line ${line}: ${error}`)),
    ...(result.failedCount > maxListed ? [yellow(`and ${result.failedCount - maxListed} more lines`)] : []),
    bold(summary(result))
  ])

const stopped = (line: number, why: string) =>
  Console.error(`sojourn: Stopped at line ${line}, as ${why}; lines from there on may be in or not`)

/**
 * Reads the source with progress on standard error. Fails after the result has been printed if any line failed, or if it did not
 * come to the end.
 */
export const importFrom = Effect.fnUntraced(function*({ bytes, name, size }: Source) {
  const { progress, resultUntilNow, run } = makeImport(size)
  const result = yield* run(bytes).pipe(
    Progress.shown(progress),
    Effect.mapError(({ message }) =>
      new SourceFailed({ message: `${name} cannot be read to its end (${oneLine(message)})` })
    ),
    Effect.onError((cause) => {
      const result = resultUntilNow()
      const why = Cause.hasInterruptsOnly(cause) ? "it was interrupted" : "the rest could not be read"
      return Effect.andThen(printResult(result), stopped(result.stoppedAt, why))
    })
  )
  yield* printResult(result)
  if (result.failedCount === 0) return
  yield* result.stoppedAt === undefined
    ? Console.error(`sojourn: ${failedLines(result.failedCount)}; correct what failed and give only that again`)
    : stopped(result.stoppedAt, "the database went away")
  return yield* new Failed({ exitCode: 1 })
})
