/** `sojourn create --from`: signs in every user of a file. */
import { createSession, type SessionRepoError } from "@sojourn/core"
import { Console, Data, Deferred, Effect, Option, Result, Schema, Stream } from "effect"
import { describeDefect, Failed, oneLine } from "../failure.ts"
import { lines } from "../ndjson.ts"
import { print } from "../output.ts"
import * as Progress from "../progress.ts"
import { type Login, maxLineBytes, parseLogin } from "./loginLine.ts"
import type { Source } from "./loginSource.ts"
import { signInAt } from "./signInAt.ts"

/**
 * What became of the file. `failed` lists the first 1,000 lines that failed, `failedCount` counts all of them.
 * `stoppedAt` is the line at which the database went away; lines from there on may be in or not.
 */
export const ImportResult = Schema.Struct({
  created: Schema.Int,
  evicted: Schema.Int,
  failed: Schema.Array(Schema.Struct({ line: Schema.Int, error: Schema.String })),
  failedCount: Schema.Int,
  stoppedAt: Schema.optionalKey(Schema.Int)
})

const maxListed = 1000

/** Logins under way at once: enough to keep the repository's two statements of 32 full, with the next ones waiting. */
const concurrency = 128

/** Reading failed on the way. */
export class SourceFailed extends Data.TaggedError("SourceFailed")<{ readonly message: string }> {}

/** A bug that one login met; the others go on. */
class LoginDefect extends Data.TaggedError("LoginDefect")<{ readonly defect: unknown }> {
  override get message() {
    return describeDefect(this.defect)
  }
}

interface Attempt {
  readonly line: number
  readonly login: Result.Result<Login, string>
  /** The same user's login before this one is over. */
  readonly before: Deferred.Deferred<void> | undefined
  readonly over: Deferred.Deferred<void>
}

/** Lets a user's logins wait for each other, in the order of the file. */
const inOrder = () => {
  const latest = new Map<string, Deferred.Deferred<void>>()
  return {
    enlist: (line: number, login: Result.Result<Login, string>): Attempt => {
      const over = Deferred.makeUnsafe<void>()
      if (Result.isFailure(login)) return { line, login, before: undefined, over }
      const { userId } = login.success.command
      const before = latest.get(userId)
      latest.set(userId, over)
      return { line, login, before, over }
    },
    leave: ({ login, over }: Attempt) =>
      Effect.andThen(
        Effect.sync(() => {
          if (Result.isFailure(login)) return
          const { userId } = login.success.command
          if (latest.get(userId) === over) latest.delete(userId)
        }),
        Deferred.succeed(over, undefined)
      )
  }
}

/** A store that is away for one login is away for the next ones. */
const isAway = ({ reason }: SessionRepoError) =>
  reason === "Unavailable" || reason === "AccessDenied" || reason === "NotMigrated"

/** Counted by the import, shown now and then. */
export interface ImportCount {
  readonly size: Option.Option<number>
  bytes: number
  created: number
  failed: number
}

/** Nothing done yet; `size` in bytes, where it is known. */
export const nothingYet = (size: Option.Option<number>): ImportCount => ({ size, bytes: 0, created: 0, failed: 0 })

/** How far the import is, by the bytes that were read. */
export const progressOf = ({ bytes, created, failed, size }: ImportCount): Progress.Progress => ({
  share: Option.map(Option.filter(size, (size) => size > 0), (size) => Math.min(1, bytes / size)),
  count: created,
  done: "signed in",
  more: failed > 0 ? [`${Progress.grouped(failed)} failed`] : []
})

/** Signs in every user of the source. Failed lines are part of the result. */
export const importLogins = Effect.fnUntraced(function*(bytes: Source["bytes"], count: ImportCount) {
  const { enlist, leave } = inOrder()
  const failed: Array<{ readonly line: number; readonly error: string }> = []
  let evicted = 0
  let stoppedAt: number | undefined

  const fail = (line: number, error: string) => {
    count.failed += 1
    if (failed.length < maxListed) failed.push({ line, error: oneLine(error) })
  }

  const attempt = Effect.fnUntraced(function*(attempt: Attempt) {
    if (attempt.before !== undefined) yield* Deferred.await(attempt.before)
    if (stoppedAt !== undefined) return
    const { line, login } = attempt
    if (Result.isFailure(login)) return fail(line, login.failure)
    const { at, command } = login.success
    const signIn = Option.isSome(at) ? signInAt(command, at.value) : createSession(command)
    const outcome = yield* signIn.pipe(
      Effect.catchDefect((defect) => Effect.fail(new LoginDefect({ defect }))),
      Effect.result
    )
    if (Result.isSuccess(outcome)) {
      count.created += 1
      evicted += outcome.success.evicted.length
      return
    }
    const error = outcome.failure
    fail(line, error.message)
    if (error._tag === "SessionRepoError" && isAway(error)) stoppedAt = Math.min(stoppedAt ?? line, line)
  }, (effect, attempt) => Effect.ensuring(effect, leave(attempt)))

  yield* bytes.pipe(
    Stream.tap((chunk) => Effect.sync(() => (count.bytes += chunk.length))),
    lines(maxLineBytes),
    Stream.takeWhile(() => stoppedAt === undefined),
    Stream.map((line) => {
      const login = parseLogin(line)
      return login === undefined ? undefined : enlist(line.number, login)
    }),
    Stream.filter((attempt) => attempt !== undefined),
    Stream.mapEffect(attempt, { concurrency }),
    Stream.runDrain
  )
  return {
    created: count.created,
    evicted,
    failed: failed.toSorted((a, b) => a.line - b.line),
    failedCount: count.failed,
    ...(stoppedAt === undefined ? {} : { stoppedAt })
  }
})

const failedLines = (count: number) => count === 1 ? "1 line failed" : `${count} lines failed`

const summary = ({ created, evicted, failedCount }: typeof ImportResult.Type) =>
  `${created} signed in, ${evicted} older sessions ended, ${failedLines(failedCount)}`

/** Reads the source with progress on standard error. Fails after the result has been printed if any line failed. */
export const importFrom = Effect.fnUntraced(function*({ bytes, name, size }: Source) {
  const count = nothingYet(size)
  const result = yield* importLogins(bytes, count).pipe(
    Progress.shown(() => progressOf(count)),
    Effect.mapError(({ message }) =>
      new SourceFailed({
        message: `${name} cannot be read to its end (${oneLine(message)}); ${count.created} were signed in before`
      })
    )
  )
  yield* print(ImportResult)(result, ({ bold, yellow }) => [
    ...result.failed.map(({ error, line }) => yellow(`Line ${line}: ${error}`)),
    ...(result.failedCount > maxListed ? [yellow(`and ${result.failedCount - maxListed} more lines`)] : []),
    bold(summary(result))
  ])
  if (result.failedCount === 0) return
  yield* Console.error(
    result.stoppedAt === undefined
      ? `sojourn: ${failedLines(result.failedCount)}; correct what failed and give only that again`
      : `sojourn: Stopped at line ${result.stoppedAt}, as the database went away; lines from there on may be in or not`
  )
  return yield* new Failed({ exitCode: 1 })
})
