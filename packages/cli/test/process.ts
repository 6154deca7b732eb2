/** Runs the command as people do: in a process of its own. */
import { assert } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { join } from "node:path"

const bin = join(import.meta.dirname, "..", "src", "bin.ts")

/** What a process left behind. `exitCode` is null if a signal ended it. */
export interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Nothing of the surroundings decides where the data is or how output looks. */
const environment = (env: Readonly<Record<string, string>>) => {
  const { DATABASE_URL: _1, FORCE_COLOR: _2, NODE_OPTIONS: _3, REDIS_URL: _4, SOJOURN_DATA_DIR: _5, ...rest } =
    process.env
  return { ...rest, ...env }
}

/** A process under way; it is killed when the scope closes. */
export const start = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [bin, ...args], { env: environment(env) })
      const ended = Promise.withResolvers<Ended>()
      let [stdout, stderr] = ["", ""]
      child.stdin.on("error", () => {})
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
      child.on("error", ended.reject)
      child.on("close", (exitCode) => ended.resolve({ exitCode, stdout, stderr }))
      return { child, ended: Effect.promise(() => ended.promise) }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** Waits until the process has said this on standard error. */
export const said = (child: ChildProcessWithoutNullStreams, told: string) =>
  Effect.promise(async () => {
    for await (const text of child.stderr.iterator({ destroyOnReturn: false })) {
      if (String(text).includes(told)) return
    }
  })

/** One line on standard error, nothing on standard output, exit code 1. */
export const assertFailure = ({ exitCode, stderr, stdout }: Ended, told: string) => {
  assert.deepStrictEqual([exitCode, stdout], [1, ""])
  assert.match(stderr, /^sojourn: [^\n]+\n$/)
  assert.include(stderr, told)
}

/** Runs the command to its end. */
export const sojourn = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}, stdin = "") =>
  Effect.scoped(Effect.gen(function*() {
    const { child, ended } = yield* start(args, env)
    child.stdin.end(stdin)
    return yield* ended
  }))

/** A directory that does not exist yet, inside one that goes when the scope closes. */
export const freshDirectory = Effect.map(
  FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped({ prefix: "sojourn-cli-" })),
  (directory) => join(directory, "data")
)
