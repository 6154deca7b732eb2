/** Connections beside the client's own, for what would hold up its other calls. */
import { Duration, Effect } from "effect"
import { Cluster, type Redis, type RedisOptions } from "ioredis"
import { forgiveAsking, insistOnDatabase } from "./RedisConnection.ts"

/** How long to leave Redis alone before a connection is replaced. */
export const reconnectAfter = Duration.millis(500)

/** A connection that breaks is not mended but replaced, so that nothing is told twice or after a gap that nobody saw. */
export const ownConnection = {
  lazyConnect: true,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
  autoResubscribe: false,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  enableAutoPipelining: false
} satisfies RedisOptions

/** Closed with the scope. What breaks it is told by the calls that it fails. */
export const whileOpen = <Client extends Redis | Cluster>(make: () => Client) =>
  Effect.acquireRelease(
    Effect.sync(make),
    (connection) => Effect.sync(() => connection.disconnect())
  ).pipe(Effect.tap((connection) =>
    Effect.sync(() => {
      insistOnDatabase(connection)
      forgiveAsking(connection)
    })
  ))

/** Longer than any call may wait at the server; callers have bounds of their own. */
const patient = { socketTimeout: 10_000, commandTimeout: 10_000 }

/** For calls that wait at the server, one at a time. With a Cluster it finds the node of the key, wherever it moves. */
export const duplicate = (client: Redis | Cluster): Redis | Cluster =>
  client instanceof Cluster
    ? client.duplicate([], {
      lazyConnect: true,
      clusterRetryStrategy: () => null,
      enableAutoPipelining: false,
      redisOptions: patient
    })
    : client.duplicate({ ...ownConnection, ...patient })
