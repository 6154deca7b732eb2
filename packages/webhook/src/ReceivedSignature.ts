/** The signature that a request came with. */
import { Effect } from "effect"
import type { Headers } from "effect/http"
import { type Dictionary, type InnerList, isInnerList, parseDictionary } from "structured-headers"
import type { WebhookKey, WebhookKeys } from "./WebhookKeys.ts"
import { covered, tag } from "./WebhookMessage.ts"
import { refuse } from "./WebhookRefused.ts"

/** What it says about itself. Not to be believed before the signature is checked. */
export interface ReceivedSignature {
  /** The one of the receiver's that it names. */
  readonly key: WebhookKey
  /** What `Signature-Input` says of it. */
  readonly input: InnerList
  /** The covered components, in the order in which they were signed. */
  readonly names: ReadonlyArray<string>
  /** Seconds since 1970. */
  readonly created: number
  /** Seconds since 1970. */
  readonly expires: number | undefined
  /** The bytes to be checked. */
  readonly signature: Uint8Array
}

/** A header that holds a dictionary (RFC 9651, 3.2); empty without it. */
export const dictionary = (headers: Headers.Headers, name: string) =>
  Effect.try({
    try: (): Dictionary => parseDictionary(headers[name] ?? ""),
    catch: () => refuse("Malformed", `The header ${name} cannot be read`)
  })

const isSeconds = (value: unknown): value is number => Number.isSafeInteger(value)

const all = [...covered].toSorted().join(" ")

/** The names, if each of the components is covered once and as a whole, and nothing else is. */
const coveredNames = ([items]: InnerList) => {
  const names = items.flatMap(([name, parameters]) => typeof name === "string" && parameters.size === 0 ? [name] : [])
  return names.length === items.length && names.toSorted().join(" ") === all ? names : undefined
}

/** The signature with our tag, by a key that is known; those that others may have added are left aside. */
export const receivedSignature = Effect.fnUntraced(function*(headers: Headers.Headers, { known }: WebhookKeys) {
  const inputs = yield* dictionary(headers, "signature-input")
  const signatures = yield* dictionary(headers, "signature")
  const ours = [...inputs].flatMap(([label, input]) =>
    isInnerList(input) && input[1].get("tag") === tag ? [{ label, input, id: input[1].get("keyid") }] : []
  )
  if (ours.length === 0) return yield* refuse("NotSigned", `No signature with the tag "${tag}" is in Signature-Input`)
  const found = ours.flatMap(({ id, ...rest }) => {
    const key = typeof id === "string" ? known.get(id) : undefined
    return key === undefined ? [] : [{ ...rest, key }]
  })
  const [first] = found
  if (first === undefined) return yield* refuse("UnknownKey", "No key is known by the id that the signature names")

  const { input, key, label } = first
  const [, parameters] = input
  const names = coveredNames(input)
  if (names === undefined) {
    return yield* refuse("NotCovered", `The signature must cover ${covered.join(", ")}, each once, and nothing else`)
  }
  const alg = parameters.get("alg")
  const created = parameters.get("created")
  const expires = parameters.get("expires")
  const [signature] = signatures.get(label) ?? []
  if (alg !== undefined && alg !== "hmac-sha256") return yield* refuse("Malformed", "The algorithm is not hmac-sha256")
  if (!isSeconds(created) || !(expires === undefined || isSeconds(expires))) {
    return yield* refuse("Malformed", "The signature does not say when it was created, in whole seconds")
  }
  if (!(signature instanceof ArrayBuffer)) return yield* refuse("Malformed", "The signature itself is missing")
  const received: ReceivedSignature = { key, input, names, created, expires, signature: new Uint8Array(signature) }
  return received
})
