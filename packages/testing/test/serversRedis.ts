/** A Redis server of a test's own. */
import { Effect } from "effect"
import { freePort, type ServerProcess, startServer, temporaryDirectory } from "./serversProcess.ts"

export interface RedisServer extends ServerProcess {
  readonly port: number
  readonly url: string
}

/**
 * Starts the `redis-server` on the PATH on a free loopback port, without persistence: after a restart it is empty.
 * `args` are further command line arguments, such as `["--cluster-enabled", "yes"]`.
 */
export const startRedisServer = Effect.fnUntraced(function*(args: ReadonlyArray<string> = []) {
  const directory = yield* temporaryDirectory("redis")
  const port = yield* freePort
  const server = yield* startServer({
    name: "redis-server",
    program: "redis-server",
    args: ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", directory, "--save", "", "--appendonly", "no", ...args],
    directory,
    ready: "Ready to accept connections",
    quit: "SIGTERM"
  })
  return { ...server, port, url: `redis://127.0.0.1:${port}` } satisfies RedisServer
})
