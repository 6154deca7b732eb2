/** One process at a time in a directory. */
import { Effect, Option, Result, Schedule } from "effect"
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import { lock } from "proper-lockfile"
import { DatabaseError } from "./DatabaseError.ts"

const lockName = "sojourn.lock"
const ownerName = "sojourn.owner"
const ownerOnly = 0o700

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
      names.includes("PG_VERSION") || names.every((name) => name === lockName || name === ownerName)
        ? Effect.void
        : Effect.fail(foreign(directory))
    )
  )

const hasCode = (cause: unknown, code: string) => cause instanceof Error && "code" in cause && cause.code === code

const isAlive = (pid: number) =>
  Result.match(Result.try(() => process.kill(pid, 0)), {
    onSuccess: () => true,
    // It lives, and is somebody else's.
    onFailure: (cause) => hasCode(cause, "EPERM")
  })

/**
 * When the process began, in ticks since the machine did, where the system tells (Linux): another process may have been given
 * the id of one that died, as in a container that was started again. Of the fields of `stat` it is the 22nd; the second, in
 * parentheses, may hold spaces.
 */
const beganAt = (pid: number): Effect.Effect<string> =>
  Effect.tryPromise(() => readFile(`/proc/${pid}/stat`, "utf8")).pipe(
    Effect.map((stat) => stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "?"),
    Effect.orElseSucceed(() => "?")
  )

/**
 * A lock tells by its age that its owner is gone, but one that stands still (stopped, paused, busy for long) only looks
 * so, and writes over everything when it goes on. So whoever lives on this machine keeps the directory.
 */
const refuseLiving = (directory: string) =>
  Effect.gen(function*() {
    const owner = yield* Effect.option(Effect.tryPromise(() => readFile(`${directory}/${ownerName}`, "utf8")))
    if (Option.isNone(owner)) return
    const [pid, began, ...host] = owner.value.split(" ")
    const isOther = host.join(" ") === hostname() && /^\d+$/.test(pid ?? "") && Number(pid) !== process.pid
    if (!isOther || !isAlive(Number(pid)) || (yield* beganAt(Number(pid))) !== began) return
    return yield* inUse(directory, `It is held by process ${pid}`)
  })

const sign = (directory: string) =>
  Effect.acquireRelease(
    Effect.flatMap(beganAt(process.pid), (began) =>
      Effect.tryPromise({
        try: () => writeFile(`${directory}/${ownerName}`, `${process.pid} ${began} ${hostname()}`),
        catch: (cause) => notWritable(directory, cause)
      })),
    () => Effect.ignore(Effect.tryPromise(() => rm(`${directory}/${ownerName}`, { force: true })))
  )

/**
 * For its owner alone, as PostgreSQL has its own: PGlite makes files that everybody may write. Where that cannot be, as on
 * some file systems, those who may are warned.
 */
const makePrivate = (directory: string) =>
  Effect.tryPromise({
    // Node goes on for good where the parent cannot have any, as in /proc.
    try: () => mkdir(directory, { recursive: true, mode: ownerOnly }),
    catch: (cause) => notWritable(directory, cause)
  }).pipe(
    Effect.timeoutOrElse({ duration: "5 seconds", orElse: () => Effect.fail(notWritable(directory, undefined)) }),
    Effect.andThen(refuseForeign(directory)),
    Effect.andThen(
      Effect.tryPromise(() => chmod(directory, ownerOnly)).pipe(
        Effect.catch(() =>
          Effect.logWarning(`Others may read what is in ${directory}; its permissions cannot be changed`)
        )
      )
    )
  )

/**
 * Holds the directory until the scope closes, so that two processes cannot damage the files. Waits up to 2 seconds for
 * a process that is about to leave. The lock of a process that died without leaving ends by itself after 10 seconds.
 * Of one that lives on this machine it never does; on another one, as over a network, it does after 10 seconds of silence.
 */
export const lockDirectory = Effect.fnUntraced(function*(directory: string) {
  yield* makePrivate(directory)
  yield* Effect.acquireRelease(
    Effect.andThen(
      refuseLiving(directory),
      Effect.tryPromise({
        try: () =>
          lock(directory, { stale: 10_000, lockfilePath: `${directory}/${lockName}`, onCompromised: () => {} }),
        catch: (cause) => hasCode(cause, "ELOCKED") ? inUse(directory, cause) : notWritable(directory, cause)
      })
    ).pipe(Effect.retry({
      while: (error) => error.reason === "Unavailable",
      schedule: Schedule.spaced("100 millis"),
      times: 20
    })),
    (release) => Effect.ignoreCause(Effect.promise(() => release()))
  )
  yield* sign(directory)
})
