/** The directory of a database: made if it is not there, for its owner alone, and never somebody else's. */
import { Effect } from "effect"
import { access, chmod, mkdir, readdir, stat } from "node:fs/promises"
import { dirname } from "node:path"
import { DatabaseError } from "./DatabaseError.ts"

const ownerOnly = 0o700

export const lockName = "sojourn.lock"
export const ownerName = "sojourn.owner"
/** There while the database's files are made. */
export const unfinishedName = "sojourn.unfinished"

/** What is Sojourn's own and no part of the database. */
export const ours: ReadonlyArray<string> = [lockName, ownerName, unfinishedName]

export const notWritable = (directory: string, cause: unknown) =>
  new DatabaseError({
    operation: "open",
    reason: "AccessDenied",
    message: `The directory ${directory} cannot be made or written; correct its permissions or name another one`,
    cause
  })

/** Does something with the directory or its files, which may not be allowed. */
export const within = <A>(directory: string, use: () => Promise<A>): Effect.Effect<A, DatabaseError> =>
  Effect.tryPromise({ try: use, catch: (cause) => notWritable(directory, cause) })

const foreign = (directory: string) =>
  new DatabaseError({
    operation: "open",
    reason: "Failed",
    message: `The directory ${directory} holds other files and no embedded database; name an empty or a new one`,
    cause: undefined
  })

export const hasCode = (cause: unknown, code: string) =>
  cause instanceof Error && "code" in cause && cause.code === code

/** With those above it. Node's own way to do so goes on for good where a parent cannot have any, as in /proc. */
const make: (directory: string, mode?: number) => Effect.Effect<void, DatabaseError> = Effect.fnUntraced(
  function*(directory, mode = 0o777) {
    if (yield* Effect.isSuccess(Effect.tryPromise(() => access(directory)))) return
    const parent = dirname(directory)
    if (parent !== directory) yield* make(parent)
    yield* within(directory, () => mkdir(directory, { mode })).pipe(
      // Another process may have made it meanwhile.
      Effect.catchIf(({ cause }) => hasCode(cause, "EEXIST"), () => Effect.void)
    )
  }
)

/** PGlite makes files that everybody may write, so who may enter the directory may do anything. */
export const warnOfOthers = Effect.fnUntraced(function*(directory: string) {
  const { mode } = yield* within(directory, () => stat(directory))
  // Windows has no such permissions, and tells some that mean nothing.
  if ((mode & 0o077) === 0 || process.platform === "win32") return
  yield* Effect.logWarning(
    `Not only their owner may read or change the files in ${directory}; if that is not meant so: chmod 700 ${directory}`
  )
})

export const namesIn = (directory: string) => within(directory, () => readdir(directory))

/**
 * Files of somebody else's are not mixed with ours: a database has `PG_VERSION` or is unfinished, and a new one begins with
 * nothing. What an operator has allowed on one with a database, or on another user's, stays so.
 */
export const makePrivate = Effect.fnUntraced(function*(directory: string) {
  yield* make(directory, ownerOnly)
  const names = yield* namesIn(directory)
  const isNew = names.every((name) => ours.includes(name))
  if (!isNew && !names.includes("PG_VERSION") && !names.includes(unfinishedName)) return yield* foreign(directory)
  if (!isNew) return
  const { uid } = yield* within(directory, () => stat(directory))
  // Root could change another user's directory, too, and would take it from whoever shares it.
  const isOwn = uid === (process.geteuid?.() ?? uid)
  if (isOwn) yield* Effect.ignore(Effect.tryPromise(() => chmod(directory, ownerOnly)))
})
