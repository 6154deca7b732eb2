import { assert, it } from "@effect/vitest"
import { verifyWebhook, WebhookSink } from "@sojourn/webhook"
import { Cause, Effect, Exit, Logger, References, Tracer } from "effect"
import { inspect } from "node:util"
import { recordingTracer } from "../../testing/test/tracer.ts"
import { keys, logged, secretText, services } from "./fixtures.ts"
import { type Answer, receiver, status } from "./receiver.ts"

const whole = (value: unknown) =>
  inspect(value, { depth: 20, showHidden: true, getters: true, maxArrayLength: null, maxStringLength: null })

/** All that an effect logged, traced and failed with, as text. */
const told = Effect.fnUntraced(function*<A, E, R>(effect: Effect.Effect<A, E, R>) {
  const lines: Array<string> = []
  const logger = Logger.make(({ cause, message }) => {
    lines.push(whole(message), Cause.pretty(cause))
  })
  const { spans, tracer } = recordingTracer()
  const exit = yield* Effect.exit(effect.pipe(Effect.tapCause((cause) => Effect.logError("It failed", cause)))).pipe(
    Effect.provideService(Logger.CurrentLoggers, new Set([logger])),
    Effect.provideService(References.MinimumLogLevel, "All"),
    Effect.provideService(Tracer.Tracer, tracer)
  )
  const failure = Exit.isFailure(exit) ? `${whole(exit.cause)} ${Cause.pretty(exit.cause)} ${JSON.stringify(exit)}` : ""
  const traced = spans.map((span) => `${span.name} ${whole([...span.attributes])} ${whole(span.status)}`)
  return { text: [...lines, failure, ...traced].join("\n"), spans }
})

const answers: ReadonlyArray<readonly [what: string, answer: Answer]> = [
  ["taken", status(200)],
  ["rejected", (response) => response.writeHead(400).end("body-secret")],
  ["unavailable", (response) => response.writeHead(503, { "x-echo": "header-secret" }).end("body-secret")],
  ["redirected", status(302, { location: "http://127.0.0.1:1/?location-secret" })],
  ["cut", (response) => response.destroy()],
  ["silent", () => {}]
]

it.live.each(answers)(
  "D3 no secret, path, query or answer in a log, a span or an error: %s",
  ([what, answer]) =>
    Effect.gen(function*() {
      const { close, received, url } = yield* receiver(answer)
      const options = { url: `${url}/path-secret?query-secret=1`, keys: yield* keys("a"), retries: 1 }
      const sink = yield* WebhookSink.make({ ...options, timeout: what === "silent" ? "500 millis" : "10 seconds" })
      const { spans, text } = yield* told(sink([logged(1)]))
      close()
      const away = yield* told(sink([logged(1)]))
      assert.include(away.text, "ECONNREFUSED")

      const post = spans.find(({ name }) => name === "POST")
      assert.deepStrictEqual(
        [post?.kind, post?.attributes.get("server.address"), post?.attributes.get("http.request.method")],
        ["client", "127.0.0.1", "POST"]
      )
      if (what === "rejected") assert.strictEqual(post?.attributes.get("http.response.status_code"), 400)
      const signature = String(received[0]?.headers["signature"])
      const raw = Buffer.from(secretText("a"), "base64")
      assert.isAbove(signature.length, 40)
      assert.isUndefined(received[0]?.headers["traceparent"])
      for (
        const secret of ["-secret", secretText("a"), raw.toString("hex"), signature.slice(9), "203.0.113.7"]
      ) {
        assert.notInclude(text, secret)
        assert.notInclude(away.text, secret)
      }
    }).pipe(Effect.provide(services))
)

it.live("D3 a refused request is not quoted", () =>
  Effect.gen(function*() {
    const { received, url } = yield* receiver(status(200))
    yield* Effect.flatMap(WebhookSink.make({ url, keys: yield* keys("a") }), (sink) => sink([logged(1)]))
    const [{ body, headers, path }] = received as [(typeof received)[0]]
    const good = { method: "POST", url: url + path, headers, body }
    const options = { keys: yield* keys("a") }
    const { text } = yield* told(Effect.all([
      Effect.flip(verifyWebhook({ ...good, body: new TextEncoder().encode("{\"ip\":\"203.0.113.7\"}") }, options)),
      Effect.flip(verifyWebhook({ ...good, url: `${url}/?query-secret` }, options)),
      Effect.flip(verifyWebhook({ ...good, headers: { ...headers, signature: "header-secret=\u0000" } }, options)),
      verifyWebhook({ ...good, headers: {} }, options)
    ]))
    assert.include(text, "NotSigned")
    for (const secret of ["-secret", "203.0.113.7", secretText("a"), String(headers["signature"]).slice(9)]) {
      assert.notInclude(text, secret)
    }
  }).pipe(Effect.provide(services)))
