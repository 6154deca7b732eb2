/** A consumer of the stream: one member of a group, each of whose events goes to one member. */
import type { SessionEvent } from "@sojourn/core"
import { Duration, Effect, Option, Schedule, Schema, Stream } from "effect"
import type { Cluster, Redis } from "ioredis"
import { fromFields, key } from "./EventEntry.ts"
import { type Entry, makeReader, type Page, positionOf } from "./EventStreamReader.ts"
import { keep } from "./EventStreamScripts.ts"
import { reconnectAfter } from "./OwnConnection.ts"
import { bounded, evaluate } from "./RedisCall.ts"
import { RedisClient } from "./RedisClient.ts"
import type { RedisFailure } from "./RedisFailure.ts"

/**
 * Events were dropped from the stream before the group had acknowledged them: it was away for longer than the stream
 * reaches back, or Redis lost data. They are in the event log; some of them
 * may have been handled. Told once: subscribing again goes on behind the gap.
 */
export class EventStreamError extends Schema.TaggedError<EventStreamError>()("EventStreamError", {
  /** The key of the stream in Redis. */
  stream: Schema.String,
  /** The group that has missed them; others may have read them. */
  group: Schema.String,
  /** The position before the first of them: read the event log from there. */
  after: Schema.Int,
  /** The position of the last of them. */
  until: Schema.Int
}) {
  override get message() {
    return `The group "${this.group}" has missed events that the stream "${this.stream}" no longer holds: read those ` +
      `after position ${this.after} up to ${this.until} from the event log, then subscribe again`
  }
}

/** Which stream a subscriber reads, as whom, and how much at once. */
export interface SubscribeOptions {
  /** The members of a group share its events; each group gets all. Made when it is missing. */
  readonly group: string
  /** A name that no other member has, and that this one keeps when it is restarted. */
  readonly consumer: string
  /** The stream is `<prefix>:events`. Default: `sojourn`. */
  readonly prefix?: string | undefined
  /** Where a group begins that is new. Default: at the `beginning` of what the stream holds. */
  readonly from?: "beginning" | "end" | undefined
  /** After how long without a sign of life an event is taken from another consumer. At least 100 milliseconds. Default: 30 seconds. */
  readonly idle?: Duration.Input | undefined
  /** How many events are read at once; no more are read until those are handled. Default: 100. */
  readonly batchSize?: number | undefined
  /** How long Redis may take to answer. Default: 1 second. */
  readonly timeout?: Duration.Input | undefined
}

/** An event for this consumer to handle. */
export interface Delivery {
  /** Its place in the event log. */
  readonly position: number
  /** What happened; its `eventId` tells a repetition. */
  readonly event: SessionEvent
  /** How often it was delivered to a consumer of the group, this time included. */
  readonly deliveries: number
  /**
   * It is handled and does not come again. Never fails: while Redis is away that is remembered and done when it is back.
   * If the process ends before, the event comes again.
   */
  readonly acknowledge: Effect.Effect<void>
}

/**
 * The events of the group, for good: first those that this consumer was given before and did not acknowledge, then those
 * that other consumers have abandoned, then new ones. At least once. In the order of the log, as long as the group has one
 * consumer, which acknowledges each; one that is left unacknowledged comes again after `idle`, behind later ones.
 *
 * Redis may go away and come back. An event that this version cannot read is told to the log as an error and stays
 * pending in the group, for a consumer of a later version. Fails when events were missed, see `EventStreamError`.
 */
export const subscribe = (options: SubscribeOptions): Stream.Stream<Delivery, EventStreamError, RedisClient> =>
  Stream.unwrap(Effect.gen(function*() {
    const client = yield* RedisClient
    const { consumer, group } = options
    const stream = key(options.prefix ?? "sojourn")
    const idle = Math.max(100, Duration.toMillis(options.idle ?? "30 seconds"))
    const timeout = Duration.toMillis(options.timeout ?? "1 second")
    /** Handled, and still to be told to Redis. */
    const owed = new Set<string>()
    const unreadable = new Set<string>()
    /** What was read last and is still worked on: until the next is asked for. */
    const inHand = new Set<string>()
    let isLost = false

    const acknowledge = (id: string) =>
      Effect.suspend(() => {
        inHand.delete(id)
        // While Redis is away nobody waits for it.
        if (owed.size > 0) return Effect.sync(() => owed.add(id))
        return Effect.catch(
          bounded(timeout, () => client.xack(stream, group, id)),
          () => Effect.sync(() => owed.add(id))
        )
      }).pipe(Effect.asVoid)
    const settle = (connection: Redis | Cluster) =>
      Effect.suspend(() => {
        const ids = [...owed]
        return ids.length === 0
          ? Effect.void
          : Effect.map(
            bounded(timeout, () => connection.xack(stream, group, ...ids)),
            () => ids.forEach((id) => owed.delete(id))
          )
      })
    const showLife = Effect.suspend(() =>
      inHand.size === 0
        ? Effect.void
        : bounded(timeout, () => evaluate(client, keep, [stream], [group, consumer, ...inHand]))
    )

    const delivery = Effect.fnUntraced(function*([id, deliveries, fields]: Entry) {
      const event = fromFields(fields)
      if (Option.isSome(event)) {
        return [{ position: positionOf(id), event: event.value, deliveries, acknowledge: acknowledge(id) }]
      }
      inHand.delete(id)
      if (!unreadable.has(id)) {
        unreadable.add(id)
        yield* Effect.logError(
          `The entry ${id} of the stream "${stream}" cannot be read, and stays pending in the group "${group}": ` +
            "a later version may have written it. Update this program, or remove the entry with XACK"
        )
      }
      return []
    })

    const lost = ({ message }: RedisFailure) =>
      Effect.suspend(() => {
        if (isLost) return Effect.void
        isLost = true
        return Effect.logWarning(`The group "${group}" hears of no events until Redis is back: ${message}`)
      })
    const asked = Effect.suspend(() => {
      inHand.clear()
      if (!isLost) return Effect.void
      isLost = false
      return Effect.logInfo(`The group "${group}" hears of events again`)
    })
    const handOver = Effect.fnUntraced(function*({ entries, gone = [], missed }: Page) {
      entries.forEach(([id]) => inHand.add(id))
      gone.forEach((id) => owed.add(id))
      const given = Stream.fromIterable((yield* Effect.forEach(entries, delivery)).flat())
      return missed === undefined
        ? given
        : Stream.concat(given, Stream.fail(new EventStreamError({ stream, group, ...missed })))
    })

    yield* Effect.addFinalizer(() => Effect.ignore(settle(client)))
    yield* Effect.andThen(settle(client), showLife).pipe(
      Effect.ignore,
      Effect.delay(idle / 3),
      Effect.forever,
      Effect.forkScoped
    )
    const reader = makeReader({
      client,
      stream,
      group,
      consumer,
      idle,
      timeout,
      from: options.from ?? "beginning",
      batchSize: options.batchSize ?? 100,
      before: (connection) => Effect.andThen(settle(connection), asked)
    })
    return Stream.unwrap(reader).pipe(
      Stream.tapError(lost),
      Stream.retry(Schedule.spaced(reconnectAfter)),
      Stream.orDie,
      Stream.flatMap((page) => Stream.unwrap(handOver(page)))
    )
  }))
