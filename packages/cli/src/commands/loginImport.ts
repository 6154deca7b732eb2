/** Sessions signed in from lines, all at once, but each user's in the order of the file. */
import { createSession, type SessionRepoError } from "@sojourn/core"
import { Data, Deferred, Effect, Option, Result, Schema, Stream } from "effect"
import { describeDefect, oneLine } from "../failure.ts"
import { lines } from "../ndjson.ts"
import * as Progress from "../progress.ts"
import { type Login, maxLineBytes, parseLogin } from "./loginLine.ts"
import type { Source } from "./loginSource.ts"
import { signInAt } from "./signInAt.ts"

/**
 * What became of the file. `failed` lists the first 1,000 lines that failed, `failedCount` counts all of them.
 * `stoppedAt` is there when not all was done, because the database or the source went away or by an interruption: lines from
 * there on may be in or not.
 */
export const ImportResult = Schema.Struct({
  created: Schema.Int,
  evicted: Schema.Int,
  failed: Schema.Array(Schema.Struct({ line: Schema.Int, error: Schema.String })),
  failedCount: Schema.Int,
  stoppedAt: Schema.optionalKey(Schema.Int)
})

/** More failed lines are only counted. */
export const maxListed = 1000

/** Logins under way at once: enough to keep the repository's two statements of 32 full, with the next ones waiting. */
const concurrency = 128

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

/** How far an import is; `size` and `bytes` of the source. */
export interface ImportCount {
  readonly size: Option.Option<number>
  bytes: number
  created: number
  failed: number
}

/** Nothing done yet; `size` where it is known. */
export const nothingYet = (size: Option.Option<number>): ImportCount => ({ size, bytes: 0, created: 0, failed: 0 })

/** What there is to say of it, by the bytes that were read. */
export const progressOf = ({ bytes, created, failed, size }: ImportCount): Progress.Progress => ({
  share: Option.map(Option.filter(size, (size) => size > 0), (size) => Math.min(1, bytes / size)),
  count: created,
  done: "signed in",
  more: failed > 0 ? [`${Progress.grouped(failed)} failed`] : []
})

/** An import of a source of so many bytes, where that is known. Failed lines are part of the result. */
export const makeImport = (size: Option.Option<number>) => {
  const { enlist, leave } = inOrder()
  /** Lines of which it is not known that they are in or failed for good. */
  const open = new Set<number>()
  const failed: Array<{ readonly line: number; readonly error: string }> = []
  const count = nothingYet(size)
  let evicted = 0
  let linesRead = 0
  let isStoreAway = false

  const result = () => ({
    created: count.created,
    evicted,
    failed: failed.toSorted((a, b) => a.line - b.line),
    failedCount: count.failed,
    ...(open.size === 0 ? {} : { stoppedAt: Math.min(...open) })
  })

  const fail = (line: number, error: string) => {
    count.failed += 1
    if (failed.length < maxListed) failed.push({ line, error: oneLine(error) })
  }

  const signIn = Effect.fnUntraced(function*({ before, line, login }: Attempt) {
    if (before !== undefined) yield* Deferred.await(before)
    if (isStoreAway) return
    if (Result.isFailure(login)) {
      open.delete(line)
      return fail(line, login.failure)
    }
    const { at, command } = login.success
    const outcome = yield* (Option.isSome(at) ? signInAt(command, at.value) : createSession(command)).pipe(
      Effect.catchDefect((defect) => Effect.fail(new LoginDefect({ defect }))),
      Effect.result
    )
    if (Result.isSuccess(outcome)) {
      open.delete(line)
      count.created += 1
      evicted += outcome.success.evicted.length
      return
    }
    const error = outcome.failure
    fail(line, error.message)
    if (error._tag === "SessionRepoError" && isAway(error)) isStoreAway = true
    else open.delete(line)
  }, (effect, attempt) => Effect.ensuring(effect, leave(attempt)))

  return {
    run: (bytes: Source["bytes"]) =>
      bytes.pipe(
        Stream.tap((chunk) => Effect.sync(() => (count.bytes += chunk.length))),
        lines(maxLineBytes),
        Stream.takeWhile(() => !isStoreAway),
        Stream.map((line) => {
          linesRead = line.number
          const login = parseLogin(line)
          if (login === undefined) return undefined
          open.add(line.number)
          return enlist(line.number, login)
        }),
        Stream.filter((attempt) => attempt !== undefined),
        Stream.mapEffect(signIn, { concurrency }),
        Stream.runDrain,
        Effect.map(() => result())
      ),

    /** Of a run that did not come to its end. */
    resultUntilNow: () => ({ stoppedAt: linesRead + 1, ...result() }),

    progress: () => progressOf(count)
  }
}
