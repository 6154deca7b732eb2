/** The receiver's side: whether a request is a webhook of ours, and what it tells. */
import type { LoggedEvent } from "@sojourn/core"
import { type Array, Clock, Duration, Effect, Schema } from "effect"
import type { Digest, Mac } from "effect/crypto"
import { Base64 } from "effect/encoding"
import { Headers } from "effect/http"
import { type Component, isSignature } from "./MessageSignature.ts"
import { dictionary, type ReceivedSignature, receivedSignature } from "./ReceivedSignature.ts"
import type { WebhookKeys } from "./WebhookKeys.ts"
import { contentDigest, targetUri, WebhookBody } from "./WebhookMessage.ts"
import { refuse, type WebhookRefused } from "./WebhookRefused.ts"

/** A request as it came in. */
export interface WebhookRequest {
  /** As it was sent, in upper case. */
  readonly method: string
  /** The absolute URL that the sender knows: behind a proxy, the public one. */
  readonly url: string | URL
  /** All of them, as they came; names in whatever case. */
  readonly headers: Headers.Input
  /** The bytes as they came, before any parsing. Bound their number while they are read. */
  readonly body: Uint8Array
}

/** Whose signatures are good, and for how long. */
export interface VerifyOptions {
  /** Made by `webhookKeys`. */
  readonly keys: WebhookKeys
  /** How old a signature may be. Default: 5 minutes. Every attempt of the sender's is signed anew. */
  readonly tolerance?: Duration.Input | undefined
  /** How far the sender's clock may be ahead. Default: 1 minute. */
  readonly skew?: Duration.Input | undefined
}

/** The covered components of this request. Line breaks, which no HTTP server lets through, could fake components. */
const components = Effect.fnUntraced(function*(
  { method, url }: WebhookRequest,
  headers: Headers.Headers,
  names: ReadonlyArray<string>
) {
  const text = String(url)
  if (!URL.canParse(text)) return yield* refuse("Malformed", "The URL of the request is not absolute")
  const derived: Record<string, string> = { "@method": method, "@target-uri": targetUri(new URL(text)) }
  const found = names.flatMap((name): ReadonlyArray<Component> => {
    const value = derived[name] ?? headers[name]
    return value === undefined ? [] : [[name, value.trim()]]
  })
  return found.length < names.length || found.some(([, value]) => /[\r\n]/.test(value))
    ? yield* refuse("Malformed", "A signed header is missing or has a line break")
    : found
})

const checkTime = Effect.fnUntraced(function*({ created, expires }: ReceivedSignature, options: VerifyOptions) {
  const now = yield* Clock.currentTimeMillis
  const age = now - created * 1000
  const tolerance = Duration.fromInputUnsafe(options.tolerance ?? "5 minutes")
  const skew = Duration.fromInputUnsafe(options.skew ?? "1 minute")
  if (age > Duration.toMillis(tolerance) || (expires !== undefined && now > expires * 1000)) {
    return yield* refuse("TooOld", `It was signed ${Math.round(age / 1000)} seconds ago`)
  }
  if (-age > Duration.toMillis(skew)) {
    return yield* refuse("TooEarly", `It was signed ${Math.round(-age / 1000)} seconds in the future`)
  }
})

const checkDigest = Effect.fnUntraced(function*(headers: Headers.Headers, body: Uint8Array) {
  const [digest] = (yield* dictionary(headers, "content-digest")).get("sha-256") ?? []
  if (!(digest instanceof ArrayBuffer)) return yield* refuse("Malformed", "Content-Digest has no sha-256")
  if (`sha-256=:${Base64.encode(new Uint8Array(digest))}:` !== (yield* contentDigest(body))) {
    return yield* refuse("WrongDigest", "The body is not the one that was signed; give its bytes as they came")
  }
})

/**
 * The events of a webhook, in the order of the log, once its signature (RFC 9421), age and digest (RFC 9530) have been
 * found right. Otherwise `WebhookRefused` says what was wrong.
 *
 * A webhook may come again, because its answer was lost, or because somebody who has seen it sends it once more before
 * it is too old: drop events whose `eventId` was handled already, remembering each for some days.
 */
export const verifyWebhook: (request: WebhookRequest, options: VerifyOptions) => Effect.Effect<
  Array.NonEmptyReadonlyArray<LoggedEvent>,
  WebhookRefused,
  Mac.Mac | Digest.Digest
> = Effect.fn("sojourn.webhook.verify")(
  function*(request, options) {
    const headers = Headers.fromInput(request.headers)
    const received = yield* receivedSignature(headers, options.keys)
    const signed = yield* components(request, headers, received.names)
    // a key made by `webhookKeys` can always be used
    if (!(yield* Effect.orDie(isSignature(received.key.mac, received.signature, signed, received.input)))) {
      return yield* refuse(
        "WrongSignature",
        `The signature is not that of the key "${received.key.id}" over this method, URL and headers`
      )
    }
    yield* checkTime(received, options)
    yield* checkDigest(headers, request.body)
    const { events } = yield* Schema.decodeEffect(WebhookBody)(new TextDecoder().decode(request.body)).pipe(
      // its issue would quote the body
      Effect.mapError(() => refuse("Unreadable", "The body holds no events of version 1; the sender may be newer"))
    )
    return events
  }
)
