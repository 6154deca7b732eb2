import { assert, describe, it } from "@effect/vitest"
import { webhookKeys, type WebhookSecret, WebhookSink } from "@sojourn/webhook"
import { Effect, Redacted } from "effect"
import { inspect } from "node:util"
import { keys, secret, secretText } from "./fixtures.ts"

const messageOf = (...secrets: ReadonlyArray<WebhookSecret>) =>
  Effect.map(Effect.flip(webhookKeys(secrets)), ({ message }) => message)

const bytes = (count: number) => Redacted.make(Buffer.alloc(count, 7).toString("base64"))

describe("keys", () => {
  it.effect("a secret has 24 bytes or more", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* messageOf({ id: "a", secret: bytes(23) }),
        "The secret of the webhook's key \"a\" has 23 bytes; at least 24 random ones are needed; make one with: openssl rand -base64 32"
      )
      assert.include(yield* messageOf({ id: "a", secret: bytes(0) }), "has 0 bytes")
      assert.strictEqual((yield* webhookKeys([{ id: "a", secret: bytes(24) }])).newest.id, "a")
    }))

  it.effect("a secret is base64, with or without the line break at the end of its file", () =>
    Effect.gen(function*() {
      const message = yield* messageOf({ id: "a", secret: Redacted.make("a secret phrase that is long enough") })
      assert.include(message, "is not base64")
      assert.notInclude(message, "phrase")
      yield* webhookKeys([{ id: "a", secret: Redacted.make(`${secretText("a")}\n`) }])
    }))

  it.effect("every key has an id of its own, and there is one", () =>
    Effect.gen(function*() {
      assert.include(yield* messageOf(), "at least one")
      assert.include(yield* messageOf(secret("a"), secret("b"), secret("a")), "the same id")
      for (const id of ["", "a b", "ä", "\"", "a".repeat(65)]) {
        assert.include(yield* messageOf({ id, secret: bytes(32) }), "1 to 64 letters")
      }
      const { known, newest } = yield* webhookKeys([secret("new"), secret("old")])
      assert.deepStrictEqual([newest.id, [...known.keys()]], ["new", ["new", "old"]])
    }))

  it.effect("printing keys does not show a secret", () =>
    Effect.gen(function*() {
      const made = yield* keys("a")
      const text = `${inspect(made, { depth: 20, showHidden: true, getters: true })} ${JSON.stringify(made.newest)} ${
        String(made.newest.mac)
      }`
      const raw = Buffer.from(secretText("a"), "base64")
      for (const form of [secretText("a"), raw.toString("hex"), [...raw.subarray(0, 8)].join(", ")]) {
        assert.notInclude(text, form)
      }
    }))
})

const tryUrl = Effect.fnUntraced(function*(url: string | URL, allowHttp?: boolean) {
  return yield* Effect.result(WebhookSink.make({ url, keys: yield* keys("a"), allowHttp }))
})

describe("the URL", () => {
  it.effect.each([
    "https://app.example/hooks?token=1#top",
    "http://localhost:8080/hooks",
    "http://app.localhost/hooks",
    "http://127.0.0.1/hooks",
    "http://127.9.9.9/hooks",
    "http://[::1]:3000/hooks",
    new URL("https://app.example")
  ])("%s may be used", (url) => Effect.map(tryUrl(url), ({ _tag }) => assert.strictEqual(_tag, "Success")))

  it.effect.each([
    ["http://app.example/hooks", "https://"],
    ["http://127.0.0.1.evil.example/", "https://"],
    ["http://localhost.evil.example/", "https://"],
    ["http://10.0.0.1/", "https://"],
    ["ftp://app.example/", "absolute"],
    ["file:///etc/passwd", "absolute"],
    ["/hooks", "absolute"],
    ["", "absolute"],
    ["https://", "absolute"],
    ["https://user:hunter2@app.example/", "password"],
    ["https://user@app.example/", "password"],
    ["https://:hunter2@app.example/", "password"]
  ])("%s may not: %s", ([url = "", why = ""]) =>
    Effect.gen(function*() {
      const result = yield* tryUrl(url)
      const { message, _tag } = yield* Effect.flip(Effect.fromResult(result))
      assert.strictEqual(_tag, "WebhookOptionsError")
      assert.include(message, why)
      assert.notInclude(message, "hunter2")
      assert.notInclude(message, "evil")
    }))

  it.effect("http is allowed when it is asked for", () =>
    Effect.map(tryUrl("http://app.example/hooks", true), ({ _tag }) => assert.strictEqual(_tag, "Success")))
})
