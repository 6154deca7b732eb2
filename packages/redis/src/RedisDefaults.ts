/**
 * How ioredis is set up for a cache that must never be waited for: nothing is queued while there is no connection,
 * nothing is sent again after one was lost, and a server that no longer answers is given up on.
 */
import type { ClusterOptions, RedisOptions } from "ioredis"

/**
 * Milliseconds. A socket that stays silent while answers are due is replaced, and with it what waits for them.
 * `commandTimeout` is not set: callers have a shorter one, and a timer a command costs a tenth of a read.
 */
const timeouts = {
  connectTimeout: 2000,
  socketTimeout: 2000,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false
}

/**
 * A former primary that became a replica refuses writes: only a new connection finds the new primary. Redis before 7 says
 * so at the end of what it says of the script.
 */
const reconnectOnError = (error: Error) => /(^| -)READONLY /.test(error.message)

/** For one server, also behind Sentinel. Reconnects after 50 ms, then ever later up to 5 seconds, for good. */
export const redisDefaults = {
  ...timeouts,
  enableOfflineQueue: false,
  reconnectOnError
} satisfies RedisOptions

/**
 * For a Cluster. Delays are short, so that a call can be repeated on another node within its timeout. Without automatic
 * pipelines: there a read of a slot that no node serves ends the process.
 */
export const clusterDefaults = {
  enableOfflineQueue: false,
  slotsRefreshInterval: 5000,
  retryDelayOnFailover: 20,
  retryDelayOnClusterDown: 20,
  retryDelayOnTryAgain: 20,
  redisOptions: { ...timeouts, reconnectOnError }
} satisfies ClusterOptions
