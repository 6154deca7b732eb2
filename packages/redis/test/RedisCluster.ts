/** A Redis Cluster of a test's own: three nodes on loopback ports, each with a third of the slots. */
import { RedisClient } from "@sojourn/redis"
import { Data, Effect, Schedule } from "effect"
import { Redis } from "ioredis"
import { freePort, startRedisServer } from "../../testing/test/servers.ts"
import { inRealTime } from "../../testing/test/serversProcess.ts"

/** A client that finds the cluster through these nodes. */
export const clientOf = (nodes: ReadonlyArray<{ readonly port: number }>, options?: RedisClient.NodesOptions) =>
  RedisClient.layerCluster(nodes.map(({ port }) => ({ host: "127.0.0.1", port })), options)

class NotFormed extends Data.TaggedError("NotFormed")<{ readonly cause: unknown }> {}

const thirds = [[0, 5460], [5461, 10_922], [10_923, 16_383]] as const

/** A node that serves its slots and knows nobody yet. */
const startNode = Effect.fnUntraced(function*(slots: readonly [number, number]) {
  const bus = yield* freePort
  const server = yield* startRedisServer(["--cluster-enabled", "yes", "--cluster-port", `${bus}`])
  const client = yield* Effect.acquireRelease(
    Effect.sync(() => new Redis(server.port, "127.0.0.1")),
    (client) => Effect.sync(() => client.disconnect())
  )
  client.on("error", () => {})
  const call = (...args: ReadonlyArray<string | number>) =>
    Effect.tryPromise({ try: () => client.call("CLUSTER", ...args), catch: (cause) => new NotFormed({ cause }) })
  yield* call("ADDSLOTSRANGE", ...slots)
  return { ...server, bus, call }
})

/** Starts the nodes and waits until each of them has found the others, about three seconds. */
export const startRedisCluster = Effect.gen(function*() {
  const nodes = yield* Effect.forEach(thirds, startNode, { concurrency: "unbounded" })
  const [first, ...others] = nodes
  yield* Effect.forEach(nodes, ({ call }, at) => call("SET-CONFIG-EPOCH", at + 1))
  yield* Effect.forEach(others, ({ bus, port }) => first!.call("MEET", "127.0.0.1", port, bus))
  yield* Effect.forEach(nodes, ({ call }) =>
    call("INFO").pipe(
      Effect.map(String),
      Effect.filterOrFail(
        (info) => info.includes("cluster_state:ok") && info.includes("cluster_known_nodes:3"),
        (cause) => new NotFormed({ cause })
      ),
      Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 600 }),
      inRealTime
    ))
  return nodes
})
