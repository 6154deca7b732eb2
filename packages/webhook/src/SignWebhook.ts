/** The headers that prove where a webhook comes from. */
import { Clock, Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import { serializeDictionary } from "structured-headers"
import { type Component, innerList, sign } from "./MessageSignature.ts"
import type { WebhookKey } from "./WebhookKeys.ts"
import { contentDigest, contentType, covered, tag, targetUri } from "./WebhookMessage.ts"

/**
 * Signs a POST of this body, as of now. The parameters are `created` (seconds since 1970), `keyid`, `nonce` (a random
 * UUID, another one at every attempt) and `tag`. `alg` is left out: the key says the algorithm, and nothing in a request
 * should be able to choose another (RFC 9421, 7.3.6).
 */
export const signWebhook = Effect.fnUntraced(function*(url: URL, key: WebhookKey, body: Uint8Array) {
  const random = yield* SecureRandom.SecureRandom
  const values = {
    "@method": "POST",
    "@target-uri": targetUri(url),
    "content-type": contentType,
    "content-digest": yield* contentDigest(body)
  }
  const components = covered.map((name): Component => [name, values[name]])
  const created = Math.floor((yield* Clock.currentTimeMillis) / 1000)
  const input = innerList(
    components,
    new Map<string, string | number>([
      ["created", created],
      ["keyid", key.id],
      ["nonce", yield* random.uuidV4()],
      ["tag", tag]
    ])
  )
  // a key made by `webhookKeys` can always be used
  const signature = yield* Effect.orDie(sign(key.mac, components, input))
  return {
    "content-type": values["content-type"],
    "content-digest": values["content-digest"],
    "signature-input": serializeDictionary(new Map([[tag, input]])),
    signature: serializeDictionary({ [tag]: signature })
  }
})
