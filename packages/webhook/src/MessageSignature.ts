/** HTTP Message Signatures (RFC 9421) with the algorithm `hmac-sha256`, as far as webhooks need them. */
import { Effect } from "effect"
import { type CryptoError, Mac } from "effect/crypto"
import { type InnerList, type Parameters, serializeInnerList } from "structured-headers"

/** The name of a component, such as `@method` or `content-type`, and its value in this message. */
export type Component = readonly [name: string, value: string]

/** Names and parameters as in `Signature-Input`. */
export const innerList = (components: ReadonlyArray<Component>, parameters: Parameters): InnerList => [
  components.map(([name]) => [name, new Map()]),
  parameters
]

/** What is signed (RFC 9421, 2.5): a line a component, the last one telling which they are and how they are signed. */
export const signatureBase = (components: ReadonlyArray<Component>, input: InnerList): Uint8Array =>
  new TextEncoder().encode(
    [...components, ["@signature-params", serializeInnerList(input)]].map(([name, value]) => `"${name}": ${value}`)
      .join("\n")
  )

/** The signature over the components, as bytes (RFC 9421, 3.3.3). */
export const sign = (
  key: Mac.Key,
  components: ReadonlyArray<Component>,
  input: InnerList
): Effect.Effect<Uint8Array, CryptoError.CryptoError, Mac.Mac> =>
  Mac.Mac.use((mac) => mac.sign(key, signatureBase(components, input)))

/** Whether this is the signature over the components. Takes as long for a wrong one as for the right one. */
export const isSignature = (
  key: Mac.Key,
  signature: Uint8Array,
  components: ReadonlyArray<Component>,
  input: InnerList
): Effect.Effect<boolean, CryptoError.CryptoError, Mac.Mac> =>
  Mac.Mac.use((mac) => mac.verify(key, signature, signatureBase(components, input)))
