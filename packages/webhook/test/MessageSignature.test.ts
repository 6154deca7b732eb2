import { assert, describe, it } from "@effect/vitest"
import { verifyWebhook, WebhookSink } from "@sojourn/webhook"
import { innerList, isSignature, sign, signatureBase } from "@sojourn/webhook/MessageSignature"
import { Clock, DateTime, Effect } from "effect"
import { Mac } from "effect/crypto"
import { Base64 } from "effect/encoding"
import { createSigner, createVerifier, httpbis } from "http-message-signatures"
import { createHash, createHmac } from "node:crypto"
import { keys, logged, logOf, secretText, services } from "./fixtures.ts"
import { receiver, status } from "./receiver.ts"

describe("HTTP Message Signatures", () => {
  it.effect("RFC 9421 B.2.5: the test vector for hmac-sha256", () =>
    Effect.gen(function*() {
      const shared = Buffer.from(
        "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==",
        "base64"
      )
      const components = [
        ["date", "Tue, 20 Apr 2021 02:07:55 GMT"],
        ["@authority", "example.com"],
        ["content-type", "application/json"]
      ] as const
      const input = innerList(
        components,
        new Map<string, string | number>([["created", 1618884473], ["keyid", "test-shared-secret"]])
      )
      assert.strictEqual(
        new TextDecoder().decode(signatureBase(components, input)),
        [
          "\"date\": Tue, 20 Apr 2021 02:07:55 GMT",
          "\"@authority\": example.com",
          "\"content-type\": application/json",
          "\"@signature-params\": (\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\""
        ].join("\n")
      )
      const key = yield* Mac.key(Mac.hmacSha256, shared)
      const signature = yield* sign(key, components, input)
      assert.strictEqual(Base64.encode(signature), "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=")
      assert.isTrue(yield* isSignature(key, signature, components, input))
      assert.isFalse(yield* isSignature(key, signature.with(0, signature[0]! ^ 1), components, input))
    }).pipe(Effect.provide(services)))

  it.live("a webhook's signature and digest are those that node:crypto gives over the request as it arrived", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver(status(204))
      const sink = yield* WebhookSink.make({ url: `${url}/hooks?a=1&b=%20#part`, keys: yield* keys("a") })
      const before = yield* Clock.currentTimeMillis
      yield* sink([logged(1)])
      const [{ body, headers, method, path }] = received as [(typeof received)[0]]
      const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`
      const input = headers["signature-input"] as string
      const base = [
        `"@method": ${method}`,
        `"@target-uri": ${url}${path}`,
        `"content-type": ${headers["content-type"]}`,
        `"content-digest": ${digest}`,
        `"@signature-params": ${input.replace(/^sojourn=/, "")}`
      ].join("\n")
      const mac = createHmac("sha256", Buffer.from(secretText("a"), "base64")).update(base).digest("base64")
      assert.strictEqual(headers.signature, `sojourn=:${mac}:`)
      assert.strictEqual(headers["content-digest"], digest)
      assert.strictEqual(path, "/hooks?a=1&b=%20")
      assert.strictEqual(headers["content-type"], "application/json")
      const [, created] =
        /^sojourn=\("@method" "@target-uri" "content-type" "content-digest"\);created=(\d+);keyid="a";nonce="[0-9a-f-]{36}";tag="sojourn"$/
          .exec(input) ?? []
      assert.closeTo(Number(created) * 1000, before, 2_000)
    }).pipe(Effect.provide(services)))

  it.live("another implementation accepts what is sent, and not with another key", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver(status(200))
      const sink = yield* WebhookSink.make({ url, keys: yield* keys("a"), batchSize: 3 })
      yield* sink(logOf(3))
      const [{ headers, method, path }] = received as [(typeof received)[0]]
      const verify = (secret: string) =>
        Effect.promise(() =>
          httpbis.verifyMessage({
            keyLookup: ({ keyid }) =>
              Promise.resolve({
                id: String(keyid),
                verify: createVerifier(Buffer.from(secret, "base64"), "hmac-sha256")
              }),
            requiredFields: ["@method", "@target-uri", "content-type", "content-digest"],
            requiredParams: ["created", "keyid", "nonce", "tag"],
            maxAge: 60
          }, {
            method,
            url: `${url}${path}`,
            headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value ?? ""]))
          })
        )
      assert.isTrue(yield* verify(secretText("a")))
      assert.isFalse(yield* verify(secretText("b")))
    }).pipe(Effect.provide(services)))

  it.live("what another implementation signs is accepted", () =>
    Effect.gen(function*() {
      const { received, url } = yield* receiver(status(200))
      yield* Effect.flatMap(WebhookSink.make({ url, keys: yield* keys("a") }), (sink) => sink([logged(7)]))
      const [{ body, headers, path }] = received as [(typeof received)[0]]
      const created = DateTime.toDateUtc(yield* DateTime.now)
      const signed = yield* Effect.promise(() =>
        httpbis.signMessage({
          key: createSigner(Buffer.from(secretText("b"), "base64"), "hmac-sha256", "b"),
          name: "theirs",
          fields: ["content-digest", "content-type", "@target-uri", "@method"],
          params: ["keyid", "created", "alg", "tag", "expires"],
          paramValues: { created, tag: "sojourn" }
        }, {
          method: "POST",
          url: `${url}${path}`,
          headers: { "content-type": "application/json", "content-digest": String(headers["content-digest"]) }
        })
      )
      const request = { method: "POST", url: `${url}${path}`, headers: signed.headers, body }
      assert.deepStrictEqual(yield* verifyWebhook(request, { keys: yield* keys("a", "b") }), [logged(7)])
    }).pipe(Effect.provide(services)))
})
