/** Session events in a Redis Stream: a sink for a relay, and subscriptions in consumer groups. */
import { type EventSink, SinkError } from "@sojourn/core"
import { Duration, Effect } from "effect"
import { key, toArguments } from "./EventEntry.ts"
import { append } from "./EventStreamScripts.ts"
import { bounded, evaluate } from "./RedisCall.ts"
import { RedisClient } from "./RedisClient.ts"
import * as RedisSpan from "./RedisSpan.ts"

export { type Delivery, EventStreamError, subscribe, type SubscribeOptions } from "./EventSubscription.ts"

/** Into which stream events go, and how long it may become. */
export interface SinkOptions {
  /** The stream is `<prefix>:events`. Default: `sojourn`. */
  readonly prefix?: string | undefined
  /**
   * How many entries the stream keeps; Redis may keep some hundred more. What a group has not read by then it has missed,
   * and is told so. Default: 100,000, in up to some 80 MB.
   */
  readonly maxLength?: number | undefined
  /** How long a batch may take. Default: 2 seconds. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * Adds the events to the stream, a batch in one command, for `layerRelay`. What is there already is not added again: an
 * event's position is the id of its entry.
 *
 * Whatever Redis refuses is `Unavailable`, so that the relay waits and nothing is set aside or left out. So is a stream
 * that has another event at the same position: it belongs to another log, or the database was restored to an earlier
 * state, which every further event would run into. What is older than the oldest entry is left out, with a warning. Where
 * Redis has lost entries that were delivered before, readers are told of the gap.
 */
export const sink = (options: SinkOptions = {}): EventSink<RedisClient> => {
  const stream = key(options.prefix ?? "sojourn")
  const most = String(options.maxLength ?? 100_000)
  const timeout = Duration.toMillis(options.timeout ?? "2 seconds")
  let isLate = false

  const tellLate = (late: number) => {
    if (isLate === late > 0) return Effect.void
    isLate = late > 0
    return isLate
      ? Effect.logWarning(`Events from before the oldest entry of the stream "${stream}" are left out of it`)
      : Effect.void
  }

  return Effect.fnUntraced(function*(events, after = 0) {
    if (events.length === 0) return
    const client = yield* RedisClient
    const answer = yield* bounded(
      timeout,
      () => evaluate(client, append, [stream], [most, String(after), ...events.flatMap(toArguments)])
    ).pipe(
      RedisSpan.make(client)("EVALSHA", "append"),
      Effect.mapError((cause) =>
        new SinkError({
          reason: "Unavailable",
          message: `Events cannot be added to the stream "${stream}": ${cause.message}`,
          cause
        })
      )
    )
    // The script's own answer.
    const [taken, late] = answer as [number, number]
    yield* tellLate(late)
    const refused = events[taken]
    if (refused !== undefined) {
      const message = `The stream "${stream}" is of another log: it has something else at position ` +
        `${refused.position}, or nothing there but later events. Choose another prefix, or remove the key`
      return yield* new SinkError({ reason: "Unavailable", message, delivered: taken, cause: message })
    }
  })
}
