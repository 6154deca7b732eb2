/** The secrets that the two ends of a webhook share. */
import { Effect, Redacted, Result, Schema } from "effect"
import { Mac } from "effect/crypto"
import { Base64 } from "effect/encoding"

/** What was given for a webhook cannot be used. */
export class WebhookOptionsError extends Schema.TaggedError<WebhookOptionsError>()("WebhookOptionsError", {
  /** Why, and what to give instead. It holds no secret. */
  message: Schema.String
}) {}

/** A secret by its id. */
export interface WebhookSecret {
  /** 1 to 64 ASCII letters, digits and `._:-`. Not a secret: it travels with every request. Never use one again. */
  readonly id: string
  /** The base64 of at least 24 random bytes. `openssl rand -base64 32` makes one. */
  readonly secret: Redacted.Redacted<string>
}

/** A key that is ready for use. Printing it shows its id and algorithm only. */
export interface WebhookKey {
  /** That of its `WebhookSecret`. Every request names it, so that the receiver knows which one to check with. */
  readonly id: string
  /** The secret, for HMAC-SHA-256. */
  readonly mac: Mac.Key
}

/** Keys that are ready for use, as `webhookKeys` makes them. */
export interface WebhookKeys {
  /** The first that was given. It signs. */
  readonly newest: WebhookKey
  /** All that a receiver accepts, the newest included, by their ids. */
  readonly known: ReadonlyMap<string, WebhookKey>
}

/** RFC 2104, 3 wants 32 bytes for SHA-256; the Standard Webhooks specification allows 24 to 64. */
const fewestBytes = 24

const refuse = (message: string) => Effect.fail(new WebhookOptionsError({ message }))

const toKey = Effect.fnUntraced(function*({ id, secret }: WebhookSecret) {
  if (!/^[\w.:-]{1,64}$/.test(id)) {
    return yield* refuse("The id of a webhook's key must be 1 to 64 letters, digits and ._:-")
  }
  const bytes = Base64.decode(Redacted.value(secret).trim())
  if (Result.isFailure(bytes)) {
    return yield* refuse(
      `The secret of the webhook's key "${id}" is not base64; make one with: openssl rand -base64 32`
    )
  }
  if (bytes.success.length < fewestBytes) {
    return yield* refuse(
      `The secret of the webhook's key "${id}" has ${bytes.success.length} bytes; at least ${fewestBytes} random ones ` +
        "are needed; make one with: openssl rand -base64 32"
    )
  }
  // it is not empty, and nothing else is wrong with a key
  return { id, mac: yield* Effect.orDie(Mac.key(Mac.hmacSha256, bytes.success)) }
})

/**
 * Prepares secrets for `WebhookSink` and `verifyWebhook`, the newest first. The first one signs; a receiver accepts all.
 *
 * To change a secret: add the new one at the receivers, after the old; then put it first at the sender; then take the
 * old one away at the receivers.
 */
export const webhookKeys = Effect.fnUntraced(function*(secrets: ReadonlyArray<WebhookSecret>) {
  const keys = yield* Effect.forEach(secrets, toKey)
  const [newest] = keys
  const known = new Map(keys.map((key) => [key.id, key]))
  if (newest === undefined) return yield* refuse("A webhook needs a key; give at least one")
  if (known.size < keys.length) {
    return yield* refuse("Two of the webhook's keys have the same id; give each one of its own")
  }
  const all: WebhookKeys = { newest, known }
  return all
})
