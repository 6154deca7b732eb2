import { assert, it } from "@effect/vitest"
import { layerAuthentication, layerSessions, SessionsApi } from "@sojourn/http"
import { SojournTest } from "@sojourn/testing"
import { Context, Effect, Layer } from "effect"
import { HttpEffect, HttpRouter, HttpServer } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup, HttpApiMiddleware, OpenApi } from "effect/http-api"

class Seen extends Context.Service<Seen, string>()("test/Seen") {}
class Look extends HttpApiMiddleware.Service<Look, { provides: Seen }>()("test/Look") {}
const layerLook = Layer.succeed(Look, (endpoint) => Effect.provideService(endpoint, Seen, "seen"))

class Other extends HttpApiGroup.make("other").add(HttpApiEndpoint.get("hello", "/hello")) {}
class Api extends HttpApi.make("under-a-prefix").add(SessionsApi).middleware(Look).prefix("/api") {}

it.effect("the endpoints are where the application's API has them", () =>
  Effect.gen(function*() {
    const routes = HttpApiBuilder.layer(Api).pipe(
      Layer.provide(layerSessions(Api)),
      Layer.provide([layerAuthentication, layerLook]),
      Layer.provide([SojournTest.layer(), HttpServer.layerServices])
    )
    const app = yield* HttpRouter.toHttpEffect(routes)
    const handler = HttpEffect.toWebHandler(app)
    const status = (method: string, path: string) =>
      Effect.promise(() => handler(new Request(`http://app.example${path}`, { method })).then(({ status }) => status))
    assert.strictEqual(yield* status("GET", "/api/sessions"), 401)
    assert.strictEqual(yield* status("DELETE", "/api/sessions/current"), 401)
    assert.strictEqual(yield* status("GET", "/sessions"), 404)
  }))

it("an API without the group does not compile", () => {
  // @ts-expect-error it has no group "sessions"
  assert.isDefined(layerSessions(HttpApi.make("other").add(Other)))
})

it("the API's description names both ways to prove a session, and every refusal", () => {
  const { components, paths } = OpenApi.fromApi(Api)
  assert.deepInclude(components.securitySchemes["cookie"], { type: "apiKey", in: "cookie", name: "__Host-session" })
  assert.deepInclude(components.securitySchemes["bearer"], { type: "http", scheme: "Bearer" })
  const { delete: end } = paths["/api/sessions/{id}"]!
  assert.includeMembers(Object.keys(end!.responses), ["204", "401", "403", "404", "503"])
  assert.deepStrictEqual(end!.security, [{ bearer: [] }, { cookie: [] }])
})
