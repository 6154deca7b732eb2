/** Sends events to a URL, signed. */
import {
  type EventLog,
  type EventSink,
  layerRelay,
  type LoggedEvent,
  type RelayName,
  type RelayOptions,
  type RelayRepo,
  SinkError
} from "@sojourn/core"
import { Array, Clock, Duration, Effect, Layer, Option, Schedule } from "effect"
import { Digest, Mac, type SecureRandom } from "effect/crypto"
import { FetchHttpClient, type HttpClient } from "effect/http"
import { postWebhook } from "./PostWebhook.ts"
import { errorOf, pauseAfter } from "./WebhookAnswer.ts"
import type { WebhookKeys, WebhookOptionsError } from "./WebhookKeys.ts"
import { webhookBody } from "./WebhookMessage.ts"
import { webhookUrl } from "./WebhookUrl.ts"

/** Settings of a sink. */
export interface Options {
  /** Where to. Its host alone appears in messages and spans: path and query may hold a secret. */
  readonly url: string | URL
  /** Made by `webhookKeys`; the newest one signs. */
  readonly keys: WebhookKeys
  /** The most events in one request. Default: 1. */
  readonly batchSize?: number | undefined
  /** How long an answer may take. Default: 10 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** How often a request that the receiver could not take is tried again before the relay is told. Default: 2 times. */
  readonly retries?: number | undefined
  /** The most that `Retry-After` may hold this sink up. Default: 30 seconds. */
  readonly retryAfterAtMost?: Duration.Input | undefined
  /** Whether `http://` is allowed beyond this machine: everybody on the way reads the events. Default: false. */
  readonly allowHttp?: boolean | undefined
}

/** Settings of a sink and of the relay that feeds it. */
export interface LayerOptions extends Options {
  /** How the relay reads, waits and gives up. Default: as `RelayOptions` says of each part. */
  readonly relay?: RelayOptions | undefined
}

/** What a sink asks for: an HTTP client of the application's choice, and the means to sign. */
export type Services = HttpClient.HttpClient | Mac.Mac | Digest.Digest | SecureRandom.SecureRandom

/** About 0.2 and 0.4 seconds. The relay's own pauses follow. */
const pauses = Schedule.jittered(Schedule.exponential("200 millis"))

/**
 * A sink that POSTs events as JSON (`WebhookBody`), one request after the other, each signed anew (RFC 9421). It follows
 * no redirects, and reads at most 16 KiB of an answer, for nothing but to use the connection again.
 *
 * - 2xx: taken.
 * - 408, 425, 429, 5xx, no connection, no answer in time: `Unavailable`, after some attempts. `Retry-After` is waited
 *   for, within its bound, before each of them and before the relay is told.
 * - Everything else, also a redirect or 410 Gone: `Rejected`, at once.
 *
 * Fails with `WebhookOptionsError` where the URL must not be used.
 */
export const make = Effect.fnUntraced(function*(options: Options) {
  const url = yield* webhookUrl(options.url, options.allowHttp ?? false)
  const batchSize = options.batchSize ?? 1
  const timeout = Duration.fromInputUnsafe(options.timeout ?? "10 seconds")
  const atMost = Duration.fromInputUnsafe(options.retryAfterAtMost ?? "30 seconds")

  const attempt = Effect.fnUntraced(function*(body: Uint8Array) {
    const answer = yield* postWebhook(url, options.keys.newest, body, timeout)
    const error = errorOf(answer, url.origin)
    if (Option.isNone(error)) return
    if (error.value.reason === "Unavailable") {
      yield* Effect.sleep(pauseAfter(answer, yield* Clock.currentTimeMillis, atMost))
    }
    return yield* error.value
  })
  const send = Effect.fnUntraced(function*(events: Array.NonEmptyReadonlyArray<LoggedEvent>, delivered: number) {
    const body = new TextEncoder().encode(webhookBody(events))
    return yield* attempt(body).pipe(
      Effect.retry({ schedule: pauses, times: options.retries ?? 2, while: ({ reason }) => reason === "Unavailable" }),
      Effect.mapError((error) =>
        new SinkError({ reason: error.reason, message: error.message, delivered, cause: error.cause })
      )
    )
  })
  const sink: EventSink<Services> = (events) =>
    Effect.forEach(Array.chunksOf(events, batchSize), (chunk, index) => send(chunk, index * batchSize), {
      discard: true
    })
  return sink
})

/** Runs a relay of this name to the URL for as long as the Layer lives; see `layerRelay`. */
export const layer = (
  name: RelayName,
  options: LayerOptions
): Layer.Layer<never, WebhookOptionsError, EventLog | RelayRepo | Services> =>
  Layer.unwrap(Effect.map(make(options), (sink) => layerRelay(name, sink, options.relay)))

/** `layer` through the runtime's own `fetch` and WebCrypto. */
export const layerFetch = (
  name: RelayName,
  options: LayerOptions
): Layer.Layer<never, WebhookOptionsError, EventLog | RelayRepo | SecureRandom.SecureRandom> =>
  layer(name, options).pipe(
    Layer.provide([FetchHttpClient.layer, Mac.layerWebCrypto, Digest.layerWebCrypto])
  )
