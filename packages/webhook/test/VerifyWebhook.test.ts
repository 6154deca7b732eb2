import { assert, describe, it } from "@effect/vitest"
import type { LoggedEvent } from "@sojourn/core"
import {
  type VerifyOptions,
  verifyWebhook,
  WebhookBody,
  type WebhookRefusal,
  type WebhookRequest
} from "@sojourn/webhook"
import { signWebhook } from "@sojourn/webhook/SignWebhook"
import { Array as Arrays, Effect, Exit, Schema } from "effect"
import { TestClock } from "effect/testing"
import { createHash, createHmac } from "node:crypto"
import { anyEvents, keys, logged, logOf, secretText, services } from "./fixtures.ts"

const url = "https://app.example/hooks?tenant=7"

const bodyOf = (text: string) => new TextEncoder().encode(text)

/** A request as a sink makes it, signed by the key of this id at the test clock's time. */
const signed = Effect.fnUntraced(function*(id: string, body: Uint8Array) {
  const headers = yield* signWebhook(new URL(url), (yield* keys(id)).newest, body)
  return { method: "POST", url, headers: { ...headers } as Record<string, string>, body }
})

const events = logOf(2)
const encode = (list: ReadonlyArray<LoggedEvent>) =>
  Effect.map(
    Schema.encodeEffect(WebhookBody)({ version: 1, events: Arrays.isReadonlyArrayNonEmpty(list) ? list : [logged(1)] }),
    bodyOf
  )
const good = Effect.flatMap(encode(events), (body) => signed("a", body))

const reasonOf = Effect.fnUntraced(function*(request: WebhookRequest, options?: Partial<VerifyOptions>) {
  const refused = yield* Effect.flip(verifyWebhook(request, { keys: yield* keys("a", "b"), ...options }))
  return refused.reason
})

/** Signed by hand with the key "a", so that only what the test changes is wrong. */
const byHand = (parts: {
  readonly input?: string
  readonly base?: ReadonlyArray<string>
  readonly created?: string
  readonly more?: string
  readonly body?: string
  readonly digest?: string
  readonly secret?: string
}) => {
  const body = bodyOf(parts.body ?? "{}")
  const digest = parts.digest ?? `sha-256=:${createHash("sha256").update(body).digest("base64")}:`
  const values: Record<string, string> = {
    "@method": "POST",
    "@target-uri": url,
    "content-type": "application/json",
    "content-digest": digest
  }
  const names = parts.input ?? "(\"@method\" \"@target-uri\" \"content-type\" \"content-digest\")"
  const input = `${names};created=${parts.created ?? "0"};keyid="a"${parts.more ?? ""};tag="sojourn"`
  const lines = parts.base ?? Object.entries(values).map(([name, value]) => `"${name}": ${value}`)
  const base = [...lines, `"@signature-params": ${input}`].join("\n")
  const mac = createHmac("sha256", Buffer.from(secretText(parts.secret ?? "a"), "base64")).update(base).digest("base64")
  return {
    method: "POST",
    url,
    headers: {
      "content-type": "application/json",
      "content-digest": digest,
      "signature-input": `sojourn=${input}`,
      signature: `sojourn=:${mac}:`
    },
    body
  }
}

const line = (name: string, value: string) => `"${name}": ${value}`

const wire = JSON.stringify({ version: 1, events: [] })

describe("a receiver", () => {
  it.effect.prop(
    "D2 gives exactly the events that were sent, of whatever kind",
    { list: anyEvents },
    ({ list }) =>
      Effect.gen(function*() {
        const request = yield* signed("a", yield* encode(list))
        assert.deepStrictEqual(yield* verifyWebhook(request, { keys: yield* keys("a") }), list)
      }).pipe(Effect.provide(services)),
    { arbitrary: { runs: 50 } }
  )

  it.layer(services)((it) => {
    it.effect("accepts every key that it knows, also while keys change", () =>
      Effect.gen(function*() {
        const body = yield* encode(events)
        for (const id of ["a", "b"]) {
          assert.deepStrictEqual(yield* verifyWebhook(yield* signed(id, body), { keys: yield* keys("b", "a") }), events)
        }
        assert.strictEqual(yield* reasonOf(yield* signed("c", body)), "UnknownKey")
        assert.strictEqual(yield* reasonOf(byHand({ body: wire, secret: "b" })), "WrongSignature")
      }))

    it.effect("takes headers as node, fetch and Effect give them", () =>
      Effect.gen(function*() {
        const request = yield* good
        const cased = Object.entries(request.headers).map(([name, value]) => [name.toUpperCase(), value] as const)
        for (const headers of [new Headers(request.headers), Object.fromEntries(cased)]) {
          assert.deepStrictEqual(yield* verifyWebhook({ ...request, headers }, { keys: yield* keys("a") }), events)
        }
        const pairs = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, [value]]))
        assert.deepStrictEqual(yield* verifyWebhook({ ...request, headers: pairs }, { keys: yield* keys("a") }), events)
      }))

    it.effect("leaves the signatures of others aside", () =>
      Effect.gen(function*() {
        const request = yield* good
        const headers = {
          ...request.headers,
          "signature-input": `proxy=("@method");created=1;keyid="p", ${request.headers["signature-input"]}`,
          signature: `proxy=:AAAA:, ${request.headers["signature"]}`
        }
        assert.deepStrictEqual(yield* verifyWebhook({ ...request, headers }, { keys: yield* keys("a") }), events)
      }))

    const tampered: ReadonlyArray<
      readonly [what: string, change: (request: Effect.Success<typeof good>) => WebhookRequest, WebhookRefusal]
    > = [
      ["another method", (request) => ({ ...request, method: "PUT" }), "WrongSignature"],
      ["another path", (request) => ({ ...request, url: "https://app.example/other?tenant=7" }), "WrongSignature"],
      ["another query", (request) => ({ ...request, url: "https://app.example/hooks?tenant=8" }), "WrongSignature"],
      ["another host", (request) => ({ ...request, url: "https://evil.example/hooks?tenant=7" }), "WrongSignature"],
      ["another scheme", (request) => ({ ...request, url: "http://app.example/hooks?tenant=7" }), "WrongSignature"],
      ["no absolute URL", (request) => ({ ...request, url: "/hooks?tenant=7" }), "Malformed"],
      ["another body", (request) => ({ ...request, body: bodyOf(wire) }), "WrongDigest"],
      ["a byte more", (request) => ({ ...request, body: new Uint8Array([...request.body, 32]) }), "WrongDigest"],
      ["no body", (request) => ({ ...request, body: new Uint8Array() }), "WrongDigest"]
    ]
    it.effect.each(tampered)("refuses %s", ([, change, reason]) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* reasonOf(change(yield* good)), reason)
      }))

    const headers: ReadonlyArray<
      readonly [name: string, value: (value: string) => string | undefined, WebhookRefusal]
    > = [
      ["content-type", () => "text/plain", "WrongSignature"],
      ["content-type", () => undefined, "Malformed"],
      ["content-type", (value) => `${value}\n"content-digest": x`, "Malformed"],
      ["content-digest", () => "sha-256=:AAAA:", "WrongSignature"],
      ["content-digest", () => undefined, "Malformed"],
      ["signature", (value) => value.replace(/:(.)/, (_, one) => one === "A" ? ":B" : ":A"), "WrongSignature"],
      ["signature", () => "sojourn=::", "WrongSignature"],
      ["signature", () => "sojourn=\"text\"", "Malformed"],
      ["signature", () => "other=:AAAA:", "Malformed"],
      ["signature", () => "=;", "Malformed"],
      ["signature", () => undefined, "Malformed"],
      ["signature-input", () => undefined, "NotSigned"],
      ["signature-input", () => "\"\\u0000", "Malformed"],
      ["signature-input", (value) => value.replace("tag=\"sojourn\"", "tag=sojourn"), "NotSigned"],
      ["signature-input", (value) => value.replace("keyid=\"a\"", "keyid=\"b\""), "WrongSignature"],
      ["signature-input", (value) => value.replace("keyid=\"a\"", "keyid=a"), "UnknownKey"],
      ["signature-input", (value) => value.replace(/created=\d+/, "created=1"), "WrongSignature"],
      ["signature-input", (value) => value.replace(/created=\d+;/, ""), "Malformed"],
      ["signature-input", (value) => value.replace(/nonce="[^"]+"/, "nonce=\"x\""), "WrongSignature"],
      ["signature-input", (value) => value.replace("\"@method\" ", ""), "NotCovered"]
    ]
    it.effect.each(headers)("refuses a changed %s, %s", ([name, change, reason]) =>
      Effect.gen(function*() {
        const request = yield* good
        const { [name]: old = "", ...others } = request.headers
        const value = change(old)
        assert.strictEqual(
          yield* reasonOf({ ...request, headers: value === undefined ? others : { ...others, [name]: value } }),
          reason
        )
      }))

    it.effect("signing by hand is done right here: what is unchanged is only unreadable", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* reasonOf(byHand({ body: wire })), "Unreadable")
        assert.strictEqual(yield* reasonOf(byHand({ body: wire, more: ";alg=\"hmac-sha256\"" })), "Unreadable")
        assert.strictEqual(yield* reasonOf(byHand({ body: "{\"version\":2,\"events\":[]}" })), "Unreadable")
        assert.strictEqual(yield* reasonOf(byHand({ body: "no JSON" })), "Unreadable")
      }))

    const method = line("@method", "POST")
    const target = line("@target-uri", url)
    const type = line("content-type", "application/json")
    const short: ReadonlyArray<readonly [input: string, base: ReadonlyArray<string>]> = [
      ["()", []],
      ["(\"@method\" \"@target-uri\" \"content-type\")", [method, target, type]],
      // one member of the digest alone: the others could be changed
      [
        "(\"@method\" \"@target-uri\" \"content-type\" \"content-digest\";key=\"x\")",
        [method, target, type, "\"content-digest\";key=\"x\": :AAAA:"]
      ],
      ["(\"@method\" \"@method\" \"@target-uri\" \"content-type\")", [method, method, target, type]],
      [
        "(\"@method\" \"@target-uri\" \"content-type\" \"content-digest\" \"content-digest\")",
        [method, target, type, "\"content-digest\": x", "\"content-digest\": x"]
      ]
    ]
    it.effect.each(short)("refuses a right signature over %s", ([input, base]) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* reasonOf(byHand({ input, base })), "NotCovered")
      }))

    it.effect.each(["\"0\"", "soon", "?1", "1.5", ":AAAA:", "@0"])(
      "refuses created=%s",
      (created) =>
        Effect.gen(function*() {
          assert.strictEqual(yield* reasonOf(byHand({ created })), "Malformed")
        })
    )

    it.effect("refuses another algorithm, and a digest by another one", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* reasonOf(byHand({ more: ";alg=\"none\"" })), "Malformed")
        assert.strictEqual(yield* reasonOf(byHand({ digest: "md5=:AAAA:" })), "Malformed")
        assert.strictEqual(yield* reasonOf(byHand({ digest: "sha-256=abc" })), "Malformed")
        assert.strictEqual(yield* reasonOf(byHand({ digest: "sha-256=:AAAA:, sha-512=:AAAA:" })), "WrongDigest")
      }))

    it.effect("accepts for exactly 5 minutes, and a minute ahead, unless told otherwise", () =>
      Effect.gen(function*() {
        const start = 1_800_000_000_000
        const at = Effect.fnUntraced(function*(seconds: number, options?: Partial<VerifyOptions>) {
          yield* TestClock.setTime(start)
          const request = yield* good
          yield* TestClock.setTime(start + seconds * 1000)
          const exit = yield* Effect.exit(verifyWebhook(request, { keys: yield* keys("a"), ...options }))
          return Exit.isSuccess(exit) ? "accepted" : (yield* Effect.flip(exit)).reason
        })
        assert.strictEqual(yield* at(300), "accepted")
        assert.strictEqual(yield* at(300.001), "TooOld")
        assert.strictEqual(yield* at(-60), "accepted")
        assert.strictEqual(yield* at(-60.001), "TooEarly")
        assert.strictEqual(yield* at(11, { tolerance: "10 seconds" }), "TooOld")
        assert.strictEqual(yield* at(86_400, { tolerance: "1 day" }), "accepted")
        assert.strictEqual(yield* at(-2, { skew: "1 second" }), "TooEarly")
        yield* TestClock.setTime(100_000)
        assert.strictEqual(yield* reasonOf(byHand({ body: wire, more: ";expires=100" })), "Unreadable")
        assert.strictEqual(yield* reasonOf(byHand({ body: wire, more: ";expires=99" })), "TooOld")
        assert.strictEqual(yield* reasonOf(byHand({ body: wire, more: ";expires=later" })), "Malformed")
      }))
  })
})
