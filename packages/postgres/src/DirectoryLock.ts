/** One process at a time in a directory. */
import { Effect, Schedule } from "effect"
import { mkdir, readdir } from "node:fs/promises"
import { lock } from "proper-lockfile"
import { DatabaseError } from "./DatabaseError.ts"

const lockName = "sojourn.lock"

const inUse = (directory: string, cause: unknown) =>
  new DatabaseError({
    operation: "open",
    reason: "Unavailable",
    message:
      `The embedded database in ${directory} is in use by another process; end that one, name another directory, ` +
      "or use a PostgreSQL server. After a crash it is free again within 10 seconds",
    cause
  })

const notWritable = (directory: string, cause: unknown) =>
  new DatabaseError({
    operation: "open",
    reason: "AccessDenied",
    message: `The directory ${directory} cannot be made or written; correct its permissions or name another one`,
    cause
  })

const foreign = (directory: string) =>
  new DatabaseError({
    operation: "open",
    reason: "Failed",
    message: `The directory ${directory} holds other files and no embedded database; name an empty or a new one`,
    cause: undefined
  })

/** Files of somebody else's are not mixed with ours: a database has `PG_VERSION`, and a new one begins with nothing. */
const refuseForeign = (directory: string) =>
  Effect.tryPromise({ try: () => readdir(directory), catch: (cause) => notWritable(directory, cause) }).pipe(
    Effect.flatMap((names) =>
      names.includes("PG_VERSION") || names.every((name) => name === lockName)
        ? Effect.void
        : Effect.fail(foreign(directory))
    )
  )

const isHeld = (cause: unknown) => cause instanceof Error && "code" in cause && cause.code === "ELOCKED"

/**
 * Holds the directory until the scope closes, so that two processes cannot damage the files. Waits up to 2 seconds for
 * a process that is about to leave. The lock of a process that died without leaving ends by itself after 10 seconds.
 */
export const lockDirectory = Effect.fnUntraced(function*(directory: string) {
  yield* Effect.tryPromise({
    try: () => mkdir(directory, { recursive: true }),
    catch: (cause) => notWritable(directory, cause)
  })
  yield* refuseForeign(directory)
  yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () => lock(directory, { stale: 10_000, lockfilePath: `${directory}/${lockName}`, onCompromised: () => {} }),
      catch: (cause) => isHeld(cause) ? inUse(directory, cause) : notWritable(directory, cause)
    }).pipe(Effect.retry({
      while: (error) => error.reason === "Unavailable",
      schedule: Schedule.spaced("100 millis"),
      times: 20
    })),
    (release) => Effect.ignoreCause(Effect.promise(() => release()))
  )
})
