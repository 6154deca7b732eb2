/** What went wrong with a call to Redis, in words that are safe to log. */
import { Data } from "effect"

/**
 * A call that Redis did not answer, or refused. Holds no key, value or password: ioredis's own errors carry the
 * arguments of the command, and those of `HELLO` are credentials.
 */
export class RedisFailure extends Data.TaggedError("RedisFailure")<{ readonly message: string }> {}

const checkAddress = "check that it runs and that its address is right, with rediss:// where it wants TLS"

const advice: ReadonlyArray<readonly [pattern: RegExp, message: string]> = [
  [/^Command timed out|ETIMEDOUT|^Socket timeout/, "Redis did not answer in time; check its load and the network"],
  [
    /^Stream isn't writeable|Connection is closed|^Cluster (isn't ready|is )|max retries per request|aborted/,
    `Redis is not connected; ${checkAddress}`
  ],
  [/^None of startup nodes|^Failed to refresh slots cache/, `No node of the Redis Cluster answers; ${checkAddress}`],
  [/CLUSTERDOWN/, "the Redis Cluster does not serve all of its slots; see CLUSTER INFO on its nodes"],
  [
    /^(NOAUTH|WRONGPASS|NOPERM)|invalid password/i,
    "Redis refused access; check the user, the password and the permissions"
  ],
  [
    /self-signed certificate|unable to (verify|get)|certificate has expired|altnames/i,
    "the certificate of Redis is not trusted; use the host name that it is for, and if its authority is your own, start " +
    "with NODE_EXTRA_CA_CERTS=<file with its certificate>"
  ],
  [/^OOM/, "Redis is out of memory; raise maxmemory, or let it evict with maxmemory-policy"],
  [/^NOGROUP/, "the consumer group is gone, as after FLUSHALL or a restart without persistence; it is made anew"],
  [/^WRONGTYPE/, "the key holds something else; choose another prefix, or remove the key"],
  [/(^| -)READONLY/, "this Redis is a read-only replica; connect to the primary"]
]

/** An error of a socket may be several, of a host's addresses, and then has a code but no message. */
const text = (error: unknown) =>
  error instanceof Error ? error.message || String("code" in error ? error.code : error.name) : String(error)

/** Redis repeats the arguments of commands that it does not know. */
const withoutArguments = (message: string) => message.split(", with args beginning with", 1)[0]!.slice(0, 200)

const socketError = /\b(ECONN|EHOST|ENET|ENOT|EAI_|EPIPE|EACCES|ENOENT)/

const explain = (message: string) =>
  advice.find(([pattern]) => pattern.test(message))?.[1] ??
    (socketError.test(message)
      ? `Redis cannot be reached (${withoutArguments(message)}); ${checkAddress}`
      : `Redis failed: ${withoutArguments(message)}`)

/** Says what an ioredis error means and what to do about it. */
export const fromUnknown = (error: unknown): RedisFailure => new RedisFailure({ message: explain(text(error)) })

/** The call was given up after so many milliseconds. */
export const timedOut = (millis: number): RedisFailure =>
  new RedisFailure({ message: `Redis did not answer within ${millis} ms; check its load and the network` })

/** What those get who still wait for an answer when the Layer closes, or ask then. */
export const closed = new RedisFailure({ message: "Sojourn's Layer was closed" })

/** The server restarted, or has not seen the script yet. */
export const isNoScript = (error: unknown): boolean => text(error).startsWith("NOSCRIPT")
