import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger, Tracer } from "effect"
import { recordingTracer } from "../../testing/test/tracer.ts"
import { app, ask, logIn } from "./app.ts"

/** All that is logged, and all that spans say, as text. */
const recorded = () => {
  const logs: Array<string> = []
  const { spans, tracer } = recordingTracer()
  const logger = Logger.make((entry) => logs.push(Logger.formatJson.log(entry)))
  return {
    layer: Layer.merge(Layer.succeed(Tracer.Tracer, tracer), Logger.layer([logger])),
    spans,
    text: () => [...logs, ...spans.map(({ attributes, name }) => JSON.stringify([name, ...attributes]))].join("\n")
  }
}

it.effect("no token is in a log or a span, however it came", () => {
  const { layer, spans, text } = recorded()
  return Effect.gen(function*() {
    const { cookie, token } = yield* logIn()
    const { json: next } = yield* ask("POST /sudo", { cookie })
    yield* ask("GET /sessions", { bearer: next })
    yield* ask("GET /me", { cookie: `${cookie}x`, bearer: `${next}x` })
    yield* ask("DELETE /sessions/current", { bearer: next })
    yield* ask("GET /me", { cookie })
    assert.isTrue(spans.some(({ name }) => name === "sojourn.rotateSession"))
    assert.isTrue(spans.some(({ attributes }) => attributes.get("url.path") === "/sudo"))
    for (const secret of [token, next]) assert.notInclude(text(), secret.slice(-43))
  }).pipe(Effect.provide(app(layer)))
})
