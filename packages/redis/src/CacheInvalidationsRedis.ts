/** Endings, told by Redis to the front caches of all processes. */
import { type CacheInvalidation, CacheInvalidations } from "@sojourn/core"
import { Cause, Deferred, Duration, Effect, Layer, Option, Queue, Random, Schedule, Stream } from "effect"
import { Cluster, type Redis } from "ioredis"
import { channel, parse } from "./InvalidationMessage.ts"
import { ownConnection, reconnectAfter, whileOpen } from "./OwnConnection.ts"
import { bounded } from "./RedisCall.ts"
import { RedisClient } from "./RedisClient.ts"
import { fromUnknown, type RedisFailure } from "./RedisFailure.ts"

/** How the channel is listened to. */
export interface Options {
  /** That of `SessionCacheRedis`. Default: `sojourn`. */
  readonly prefix?: string
  /** How often the connection is asked whether it still lives. Default: 500 milliseconds. */
  readonly pingEvery?: Duration.Input
  /** How long it may take to answer before it counts as broken. Default: 1 second. */
  readonly patience?: Duration.Input
}

/** A consumer that is this far behind is told that messages were lost, instead of the messages. */
const capacity = 10_000

/** With a Cluster to any node, as each is told of what the others publish. Channels have no prefix. */
const connect = Effect.fnUntraced(function*(client: Redis | Cluster) {
  const nodes = client instanceof Cluster ? client.nodes() : [client]
  const node = nodes[yield* Random.nextIntBetween(0, nodes.length, { halfOpen: true })]
  if (node === undefined) return yield* Effect.fail(fromUnknown(new Error("None of startup nodes is available")))
  return yield* whileOpen(() => node.duplicate({ ...ownConnection, keyPrefix: "" }))
})

/** Sends each message to all consumers. */
const makeConsumers = () => {
  const queues = new Set<Queue.Queue<CacheInvalidation>>()
  let state: CacheInvalidation = { _tag: "Lost" }
  const offer = (message: CacheInvalidation) => (queue: Queue.Queue<CacheInvalidation>) => {
    if (Queue.sizeUnsafe(queue) < capacity) return Queue.offerUnsafe(queue, message)
    while (Queue.sizeUnsafe(queue) > 0) Queue.takeUnsafe(queue)
    return Queue.offerUnsafe(queue, state)
  }
  return {
    tell: (message: CacheInvalidation) => {
      if (message._tag === "Listening" || message._tag === "Lost") state = message
      queues.forEach(offer(message))
    },
    stream: Stream.unwrap(Effect.gen(function*() {
      const queue = yield* Queue.unbounded<CacheInvalidation>()
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          Queue.offerUnsafe(queue, state)
          queues.add(queue)
        }),
        () => Effect.sync(() => queues.delete(queue))
      )
      return Stream.fromQueue(queue)
    }))
  }
}

/** Listens on a connection of its own for as long as the Layer lives, and connects anew whenever that breaks. */
export const layer = (options: Options = {}): Layer.Layer<CacheInvalidations, never, RedisClient> =>
  Layer.effect(
    CacheInvalidations,
    Effect.gen(function*() {
      const client = yield* RedisClient
      const consumers = makeConsumers()
      const patience = Duration.toMillis(options.patience ?? "1 second")
      const pings = Schedule.spaced(options.pingEvery ?? "500 millis")
      const name = channel(options.prefix ?? "sojourn")
      let isLost = false

      const listen = Effect.gen(function*() {
        const connection = yield* connect(client)
        const broken = yield* Deferred.make<never, RedisFailure>()
        const breaks = (error: unknown) => Deferred.doneUnsafe(broken, Effect.fail(fromUnknown(error)))
        connection.on("error", breaks)
        connection.on("end", () => breaks(new Error("Connection is closed.")))
        connection.on("message", (_channel, text) => consumers.tell(parse(text)))
        yield* bounded(patience, () => connection.connect())
        yield* bounded(patience, () => connection.subscribe(name))
        consumers.tell({ _tag: "Listening" })
        if (isLost) yield* Effect.logInfo("Endings of sessions are heard from Redis again")
        isLost = false
        yield* Effect.raceFirst(
          Deferred.await(broken),
          Effect.repeat(bounded(patience, () => connection.ping()), pings)
        )
      }).pipe(Effect.scoped)

      const lost = (cause: Cause.Cause<RedisFailure>) =>
        Effect.suspend(() => {
          const { message } = Option.getOrElse(Cause.findErrorOption(cause), () => fromUnknown(Cause.squash(cause)))
          if (isLost) return Effect.void
          isLost = true
          consumers.tell({ _tag: "Lost" })
          return Effect.logWarning(
            `Endings of sessions are not heard from Redis, and nothing is cached in the process: ${message}`
          )
        })

      yield* listen.pipe(
        // Whatever it was: a channel that nobody listens to must not be trusted.
        Effect.catchCause(lost),
        Effect.andThen(Effect.sleep(reconnectAfter)),
        Effect.forever,
        Effect.forkScoped({ startImmediately: true })
      )
      return { invalidations: consumers.stream }
    })
  )
