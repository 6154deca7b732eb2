/** One process at a time in a directory. */
import { Effect, Option, Result, Schedule } from "effect"
import { readFile, rm, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import { lock } from "proper-lockfile"
import { DatabaseError } from "./DatabaseError.ts"
import { hasCode, lockName, makePrivate, notWritable, ownerName, within } from "./PrivateDirectory.ts"

const inUse = (directory: string, by: string, otherwise: string, cause: unknown) =>
  new DatabaseError({
    operation: "open",
    reason: "Unavailable",
    message: `The embedded database in ${directory} is in use by ${by}; end that one, name another directory, ` +
      `or use a PostgreSQL server. ${otherwise}`,
    cause
  })

const isLocked = (directory: string, cause: unknown) =>
  inUse(directory, "another process", "After a crash it is free again within 10 seconds", cause)

const isHeld = (directory: string, pid: string) =>
  inUse(
    directory,
    `another process, ${pid}`,
    `If ${pid} has nothing to do with it, remove ${directory}/${ownerName}`,
    undefined
  )

const isAlive = (pid: number) =>
  Result.match(Result.try(() => process.kill(pid, 0)), {
    onSuccess: () => true,
    // It lives, and is somebody else's.
    onFailure: (cause) => hasCode(cause, "EPERM")
  })

const untold = "?"

/**
 * When the process began, in ticks since the machine did, where the system tells (Linux): another process may have been given
 * the id of one that died, as in a container that was started again. Of the fields of `stat` it is the 22nd; the second, in
 * parentheses, may hold spaces.
 */
const beganAt = (pid: number): Effect.Effect<string> =>
  Effect.tryPromise(() => readFile(`/proc/${pid}/stat`, "utf8")).pipe(
    Effect.map((stat) => stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? untold),
    Effect.orElseSucceed(() => untold)
  )

/**
 * A lock tells by its age that its owner is gone, but one that stands still (stopped, paused, busy for long) only looks
 * so, and writes over everything when it goes on. So whoever lives on this machine keeps the directory, unless it is
 * known to be another process by now.
 */
const refuseLiving = (directory: string) =>
  Effect.gen(function*() {
    const owner = yield* Effect.option(Effect.tryPromise(() => readFile(`${directory}/${ownerName}`, "utf8")))
    if (Option.isNone(owner)) return
    const [, pid, began = untold, host = hostname()] = /^([1-9]\d*)(?: (\d+|\?) (.+))?/.exec(owner.value) ?? []
    if (pid === undefined || Number(pid) === process.pid || host !== hostname() || !isAlive(Number(pid))) return
    const now = yield* beganAt(Number(pid))
    if (began !== untold && now !== untold && began !== now) return
    return yield* isHeld(directory, pid)
  })

const sign = (directory: string) =>
  Effect.acquireRelease(
    Effect.flatMap(beganAt(process.pid), (began) =>
      within(directory, () => writeFile(`${directory}/${ownerName}`, `${process.pid} ${began} ${hostname()}`))),
    () =>
      Effect.ignore(Effect.tryPromise(() => rm(`${directory}/${ownerName}`, { force: true })))
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
        catch: (cause) => hasCode(cause, "ELOCKED") ? isLocked(directory, cause) : notWritable(directory, cause)
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
