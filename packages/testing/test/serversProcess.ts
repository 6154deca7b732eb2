/** A server process of a test's own, which the test may freeze, kill and start again. */
import { Clock, Data, Effect, Schedule } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** The program of a server is not on this machine. */
export class ServerMissing extends Data.TaggedError("ServerMissing")<{ readonly message: string }> {}

/** A server did not start; the message ends with what it printed. */
export class ServerFailed extends Data.TaggedError("ServerFailed")<{ readonly message: string }> {}

/** The user that a server runs as. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Signals go to the server and, on Linux, to its child processes. A server is stopped when its scope closes. */
export interface ServerProcess {
  /** The process id now; another one after a restart. */
  readonly pid: () => number
  /** Lets the server answer nothing more while its connections stay open (SIGSTOP). */
  readonly freeze: Effect.Effect<void>
  /** Lets a frozen server go on (SIGCONT). */
  readonly thaw: Effect.Effect<void>
  /** Ends the server at once (SIGKILL). */
  readonly kill: Effect.Effect<void>
  /** Ends the server in an orderly way; kills it after 5 seconds. */
  readonly stop: Effect.Effect<void>
  /** Starts the server again with the same directory and port, after stopping it if it still runs. */
  readonly restart: Effect.Effect<void, ServerMissing | ServerFailed>
}

/** Waits in real time, also in a test with a test clock. */
export const inRealTime = Effect.provideService(Clock.Clock, Clock.Clock.defaultValue())

/** A loopback port that nothing listens on. */
export const freePort: Effect.Effect<number> = Effect.callback((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

const children = (parent: number): ReadonlyArray<number> =>
  process.platform !== "linux" ? [] : readdirSync("/proc").flatMap((entry) => {
    try {
      // "pid (name) state ppid …", where the name may hold anything
      const stat = /^\d+$/.test(entry) ? readFileSync(`/proc/${entry}/stat`, "utf8") : ""
      return stat.slice(stat.lastIndexOf(")")).split(" ")[2] === String(parent) ? [Number(entry)] : []
    } catch {
      return []
    }
  })

const signal = (child: ChildProcess, name: NodeJS.Signals) => {
  const parent = child.pid
  if (parent === undefined) return
  // the list of children must not change while they are signalled
  child.kill("SIGSTOP")
  for (const pid of [...children(parent), parent]) {
    try {
      process.kill(pid, name)
    } catch {
      // it ended by itself meanwhile
    }
  }
}

const running = new Set<ChildProcess>()
const directories = new Set<string>()
const remove = (directory: string) => rmSync(directory, { recursive: true, force: true, maxRetries: 5 })

// a run that is interrupted closes no scope
process.on("exit", () => {
  for (const child of running) signal(child, "SIGKILL")
  for (const directory of directories) remove(directory)
})

/** A directory that lives as long as the scope, owned by the given user. */
export const temporaryDirectory = (name: string, owner?: Owner) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const directory = mkdtempSync(join(tmpdir(), `sojourn-${name}-`))
      directories.add(directory)
      if (owner !== undefined) chownSync(directory, owner.uid, owner.gid)
      return directory
    }),
    (directory) =>
      Effect.sync(() => {
        remove(directory)
        directories.delete(directory)
      })
  )

const isRunning = (child: ChildProcess) => child.exitCode === null && child.signalCode === null

const exit = (child: ChildProcess) =>
  Effect.callback<void>((resume) => {
    if (!isRunning(child)) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
  })

/** How to start a server. */
export interface ServerCommand {
  readonly name: string
  readonly program: string
  readonly args: ReadonlyArray<string>
  /** The working directory. */
  readonly directory: string
  readonly owner?: Owner | undefined
  /** What the server prints once it accepts connections. */
  readonly ready: string
  /** The signal that makes it end in an orderly way. */
  readonly quit: NodeJS.Signals
}

/** Nothing of the caller's own PostgreSQL settings, and messages in English. */
export const environment = () => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PG"))),
  LC_ALL: "C"
})

/** Starts the process and waits until it is ready; `spawned` gets it at once. */
const launch = (command: ServerCommand, spawned: (child: ChildProcess) => void) =>
  Effect.callback<void, ServerMissing | ServerFailed>((resume) => {
    let output = ""
    const child = spawn(command.program, command.args, {
      cwd: command.directory,
      env: environment(),
      stdio: ["ignore", "pipe", "pipe"],
      ...command.owner
    })
    running.add(child)
    const read = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000)
      if (output.includes(command.ready)) resume(Effect.void)
    }
    child.stdout.on("data", read)
    child.stderr.on("data", read)
    child.once("error", (error: NodeJS.ErrnoException) => {
      running.delete(child)
      const message = `${command.name} cannot be run: ${error.message}`
      resume(error.code === "ENOENT" ? new ServerMissing({ message }) : new ServerFailed({ message }))
    })
    child.once("spawn", () => spawned(child))
    child.once("exit", () => {
      running.delete(child)
      resume(new ServerFailed({ message: `${command.name} did not start. It printed:\n${output}` }))
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  }).pipe(Effect.timeoutOrElse({
    duration: "30 seconds",
    orElse: () => new ServerFailed({ message: `${command.name} was not ready within 30 seconds` })
  }))

/** Starts a server and waits until it accepts connections. */
export const startServer = Effect.fnUntraced(function*(command: ServerCommand) {
  let child: ChildProcess | undefined
  // after a kill the children of the old process may hold on to its resources for a moment
  const start = launch(command, (spawned) => {
    child = spawned
  }).pipe(
    Effect.retry({
      while: (error) => error._tag === "ServerFailed",
      times: 3,
      schedule: Schedule.spaced("200 millis")
    }),
    inRealTime
  )
  const whileRunning = (use: (child: ChildProcess) => Effect.Effect<void>) =>
    Effect.suspend(() => child !== undefined && isRunning(child) ? use(child) : Effect.void)
  const send = (name: NodeJS.Signals) => whileRunning((child) => Effect.sync(() => signal(child, name)))
  const freeze = send("SIGSTOP")
  const thaw = send("SIGCONT")
  const kill = whileRunning((child) => Effect.andThen(send("SIGKILL"), exit(child)))
  const stop = whileRunning((child) =>
    thaw.pipe(
      Effect.andThen(Effect.sync(() => child.kill(command.quit))),
      Effect.andThen(exit(child)),
      Effect.timeoutOrElse({ duration: "5 seconds", orElse: () => kill }),
      inRealTime
    )
  )
  yield* Effect.addFinalizer(() => stop)
  yield* start
  return {
    pid: () => child?.pid ?? 0,
    freeze,
    thaw,
    kill,
    stop,
    restart: Effect.andThen(stop, start)
  } satisfies ServerProcess
})
