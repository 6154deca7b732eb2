/** One primary and one replica, watched by a Sentinel, which makes the replica the primary when the first one dies. */
import { RedisClient } from "@sojourn/redis"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { freePort, startRedisServer } from "../../testing/test/servers.ts"
import { startServer, temporaryDirectory } from "../../testing/test/serversProcess.ts"

/** Gives the Sentinel's port, once it knows the replica. */
const watch = Effect.fnUntraced(function*(primary: number) {
  const directory = yield* temporaryDirectory("sentinel")
  const port = yield* freePort
  const file = join(directory, "sentinel.conf")
  const settings = [
    `port ${port}`,
    "bind 127.0.0.1",
    `sentinel monitor sojourn 127.0.0.1 ${primary} 1`,
    "sentinel down-after-milliseconds sojourn 3000",
    "sentinel failover-timeout sojourn 3000"
  ]
  writeFileSync(file, settings.join("\n"))
  yield* startServer({
    name: "redis-server --sentinel",
    program: "redis-server",
    args: [file, "--sentinel"],
    directory,
    ready: "+slave ",
    quit: "SIGTERM"
  })
  return port
})

/** Until the scope closes. `client` finds whichever is the primary. */
export const startSentinel = Effect.gen(function*() {
  const primary = yield* startRedisServer()
  const replica = yield* startRedisServer([
    "--replicaof",
    "127.0.0.1",
    `${primary.port}`,
    "--repl-diskless-sync-delay",
    "0"
  ])
  const sentinel = yield* watch(primary.port)
  const client = RedisClient.layer({
    redis: { sentinels: [{ host: "127.0.0.1", port: sentinel }], name: "sojourn" },
    required: true,
    startTimeout: "20 seconds"
  })
  return { primary, replica, client }
})
