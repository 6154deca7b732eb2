/** A connection to Redis, as an ioredis client. */
import { Config, Context, Duration, Effect, Layer, Option, Redacted, Schema } from "effect"
import { Cluster, type ClusterNode, type ClusterOptions, Redis, type RedisOptions } from "ioredis"
import { forgiveAsking, insistOnDatabase } from "./RedisConnection.ts"
import { clusterDefaults, redisDefaults } from "./RedisDefaults.ts"
import { fromUnknown, type RedisFailure, timedOut } from "./RedisFailure.ts"
import { watch } from "./RedisWatch.ts"

/** The address is not one of Redis, or no server answered there although it was required to. */
export class RedisClientError extends Schema.TaggedError<RedisClientError>()("RedisClientError", {
  /** Why, for a person: one line with what to do. It holds neither the address nor a password. */
  message: Schema.String
}) {}

/** An ioredis client for one server, for several behind Sentinel, or for a Cluster. */
export class RedisClient extends Context.Service<RedisClient, Redis | Cluster>()("@sojourn/redis/RedisClient") {}

/** How a connection begins. */
export interface Options {
  /**
   * Whether the Layer fails where there is no connection at the start. Default: false. It warns and goes on, because
   * sessions do not depend on Redis, and ioredis keeps trying.
   */
  readonly required?: boolean
  /** How long the Layer waits for the connection. Default: 3 seconds. */
  readonly startTimeout?: Duration.Input
}

/** For one server, or for several behind Sentinel. */
export interface ServerOptions extends Options {
  /** ioredis's own, which win over `RedisDefaults`. `sentinels` and `name` go through Sentinel. Default: none. */
  readonly redis?: RedisOptions
}

/** For a Cluster. */
export interface NodesOptions extends Options {
  /** ioredis's own, which win over `RedisDefaults`; in them `redisOptions` are for each connection. Default: none. */
  readonly cluster?: ClusterOptions
}

/** The Layer connects by itself, and answers have the shape that ioredis's types for `Redis` say. */
const fixed = { lazyConnect: true, replyMapping: "legacy" } as const

/**
 * Ready for commands. Not `connect`'s own promise: that of a cluster is left open when the first attempt fails, and that of
 * a server says only that the connection is closed, while an event before it says why.
 */
const ready = (client: Redis | Cluster) =>
  Effect.callback<void, RedisFailure>((resume) => {
    let why: unknown
    const done = () => resume(Effect.void)
    const failed = (error: unknown) => {
      why ??= error
    }
    client.once("ready", done).on("error", failed)
    client.connect().catch((error: unknown) => resume(Effect.fail(fromUnknown(why ?? error))))
    return Effect.sync(() => client.off("ready", done).off("error", failed))
  })

/** A node of a cluster connects with its first command, and meanwhile refuses the next ones. */
const wakeNodes = (client: Redis | Cluster) => () =>
  client instanceof Cluster
    ? Effect.forEach(client.nodes("master"), (node) => Effect.ignore(Effect.tryPromise(() => node.ping())), {
      concurrency: "unbounded",
      discard: true
    })
    : Effect.void

const open = Effect.fnUntraced(function*(make: () => Redis | Cluster, options: Options) {
  const client = yield* Effect.acquireRelease(
    Effect.sync(make),
    (client) => Effect.sync(() => client.disconnect())
  )
  insistOnDatabase(client)
  forgiveAsking(client)
  const down = yield* watch(client)
  const patience = Duration.fromInputUnsafe(options.startTimeout ?? "3 seconds")
  yield* ready(client).pipe(
    Effect.andThen(wakeNodes(client)),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => Effect.fail(timedOut(Duration.toMillis(patience)))
    }),
    Effect.catch((failure) => {
      down(failure)
      return options.required === true ? Effect.fail(new RedisClientError({ message: failure.message })) : Effect.void
    })
  )
  return client
})

/** One server, or several behind Sentinel. Without options: 127.0.0.1, port 6379. */
export const layer = (options: ServerOptions = {}): Layer.Layer<RedisClient, RedisClientError> =>
  Layer.effect(RedisClient, open(() => new Redis({ ...redisDefaults, ...options.redis, ...fixed }), options))

const decode = Option.liftThrowable(decodeURIComponent)
const isDecodable = ({ password, username }: URL) => Option.isSome(decode(username)) && Option.isSome(decode(password))

/** The database is a number, and `family` the only setting: of all others ioredis would take the text, whatever they are. */
const isUnderstood = ({ pathname, searchParams }: URL) =>
  /^\/?\d*$/.test(pathname) && [...searchParams].every(([key, value]) => key === "family" && /^[046]$/.test(value))

/** Whether ioredis can read it, which throws where it cannot. */
const isAddress = (text: string) => {
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) return false
  const url = new URL(text)
  return isDecodable(url) && isUnderstood(url)
}

/** One server: `redis://user:password@host:port/0`, with the number of the database, or `rediss://…` for TLS. */
export const layerUrl = (
  url: Redacted.Redacted<string>,
  options: ServerOptions = {}
): Layer.Layer<RedisClient, RedisClientError> =>
  isAddress(Redacted.value(url))
    ? Layer.effect(
      RedisClient,
      open(() => new Redis(Redacted.value(url), { ...redisDefaults, ...options.redis, ...fixed }), options)
    )
    : Layer.effect(
      RedisClient,
      Effect.fail(
        new RedisClientError({
          message: "The address of Redis cannot be read; write it as redis://user:password@host:port/0, " +
            "with the number of the database, or rediss://… for TLS, and special characters in the password " +
            "percent-encoded; of settings after ? only family is read"
        })
      )
    )

/** One server, whose URL is in the configuration: `REDIS_URL`. */
export const layerConfig = (
  options: ServerOptions = {}
): Layer.Layer<RedisClient, RedisClientError | Config.ConfigError> =>
  Layer.unwrap(Effect.map(Config.Redacted("REDIS_URL"), (url) => layerUrl(url, options)))

/** A Cluster, found through any of its nodes. */
export const layerCluster = (
  nodes: ReadonlyArray<ClusterNode>,
  options: NodesOptions = {}
): Layer.Layer<RedisClient, RedisClientError> =>
  Layer.effect(
    RedisClient,
    open(() =>
      new Cluster([...nodes], {
        ...clusterDefaults,
        ...options.cluster,
        redisOptions: { ...clusterDefaults.redisOptions, ...options.cluster?.redisOptions, replyMapping: "legacy" },
        lazyConnect: true
      }), options)
  )

/**
 * A client that the application opened, watches and closes itself. A Cluster should have `enableAutoPipelining` off, as is ioredis's default:
 * with it, a command for a slot that no node serves ends the process.
 */
export const layerClient = (client: Redis | Cluster): Layer.Layer<RedisClient> =>
  Layer.effect(RedisClient, Effect.sync(() => forgiveAsking(client)))
