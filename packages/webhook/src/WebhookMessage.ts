/** What a webhook looks like on the wire. */
import { LoggedEvent, sessionEventToJson } from "@sojourn/core"
import { Effect, Schema } from "effect"
import { Digest } from "effect/crypto"
import { Base64 } from "effect/encoding"

/**
 * The body: `{ "version": 1, "events": [{ "position": 7, "event": { "_tag": "SessionCreated", … } }] }`, in the order
 * of the log. The events are those of `SessionEventJson`: dates are ISO 8601 strings, absent values `null`.
 */
export const WebhookBody = Schema.fromJsonString(
  Schema.toCodecJson(Schema.Struct({
    /** Of the form. Another one than 1 is from a later Sojourn, and cannot be read by this one. */
    version: Schema.Literal(1),
    /** In the order of the log; at most the `batchSize` of the sink. */
    events: Schema.NonEmptyArray(LoggedEvent)
  }))
)

/** Such a body, for events that a log gave. */
export const webhookBody = (events: ReadonlyArray<LoggedEvent>): string =>
  JSON.stringify({
    version: 1,
    events: events.map(({ event, position }) => ({ position, event: sessionEventToJson(event) }))
  })

/** `Content-Type` of the body. */
export const contentType = "application/json"

/** What every signature covers: these components, each once and whole, in whatever order. */
export const covered = ["@method", "@target-uri", "content-type", "content-digest"] as const

/** The `tag` parameter of the signature, which tells it from signatures that a proxy may add. */
export const tag = "sojourn"

/** The value of `@target-uri` (RFC 9421, 2.2.2): the absolute URL with its query, without a fragment. */
export const targetUri = (url: URL): string => {
  const target = new URL(url)
  target.hash = ""
  return target.href
}

/** The value of `Content-Digest` (RFC 9530). */
export const contentDigest = (body: Uint8Array): Effect.Effect<string, never, Digest.Digest> =>
  Digest.Digest.use((digest) => digest.digest(Digest.sha256, body)).pipe(
    Effect.map((hash) => `sha-256=:${Base64.encode(hash)}:`)
  )
