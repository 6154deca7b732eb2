import { assert, it } from "@effect/vitest"
import { TrustedOrigins } from "@sojourn/http"
import { Effect, Layer } from "effect"
import { ada, app, ask, logIn } from "./app.ts"

const host = "app.example"

/** Status by which headers, with the cookie and without any other proof. */
const cases: ReadonlyArray<readonly [number, Record<string, string>]> = [
  [204, { "sec-fetch-site": "same-origin" }],
  [204, { "sec-fetch-site": "none" }],
  [403, { "sec-fetch-site": "cross-site" }],
  [403, { "sec-fetch-site": "same-site" }],
  [403, { "sec-fetch-site": "whatever" }],
  // What the browser says counts, not what names itself.
  [403, { "sec-fetch-site": "cross-site", origin: `https://${host}` }],
  [204, { "sec-fetch-site": "", origin: `https://${host}` }],
  [204, { "sec-fetch-site": "", origin: `https://${host}`, host: "App.Example" }],
  [403, { "sec-fetch-site": "", origin: "https://evil.example" }],
  [403, { "sec-fetch-site": "", origin: `https://${host}:8443` }],
  [403, { "sec-fetch-site": "", origin: `https://${host}.evil.example` }],
  [403, { "sec-fetch-site": "", origin: "null" }],
  [403, { "sec-fetch-site": "" }]
]

it.effect("with the cookie, only the application's own pages change anything; reading and bearer tokens are free", () =>
  Effect.gen(function*() {
    const { cookie, token } = yield* logIn()
    for (const [expected, given] of cases) {
      const headers = { host, ...given }
      const written = yield* ask("POST /me", { cookie, headers })
      assert.strictEqual(written.status, expected, JSON.stringify(given))
      if (expected === 403) assert.deepStrictEqual(written.json, { _tag: "CrossSiteRequest" })
      assert.strictEqual((yield* ask("GET /me", { cookie, headers })).status, 200)
      assert.strictEqual((yield* ask("POST /me", { bearer: token, headers })).status, 204)
      assert.strictEqual((yield* ask("POST /me", { bearer: "garbage", cookie, headers })).status, 401)
    }
  }).pipe(Effect.provide(app())))

it.effect("another site's page opens no WebSocket with the cookie, though the handshake is a GET", () =>
  Effect.gen(function*() {
    const { cookie, token } = yield* logIn()
    for (
      const [expected, site, asking] of [
        [403, "cross-site", { cookie }],
        [403, "same-site", { cookie }],
        [200, "same-origin", { cookie }],
        [200, "cross-site", { bearer: token }]
      ] as const
    ) {
      const headers = { connection: "Upgrade", upgrade: "WebSocket", "sec-fetch-site": site }
      assert.strictEqual((yield* ask("GET /me", { ...asking, headers })).status, expected, site)
    }
  }).pipe(Effect.provide(app())))

it.effect("another site ends no session, and signs nobody in", () =>
  Effect.gen(function*() {
    const { cookie, id } = yield* logIn()
    const other = yield* logIn()
    const headers = { "sec-fetch-site": "cross-site" }
    for (const request of ["DELETE /sessions", "DELETE /sessions/current", `DELETE /sessions/${other.id}`]) {
      const { cookies, status } = yield* ask(request, { cookie, headers })
      assert.deepStrictEqual([status, cookies], [403, []], request)
    }
    assert.strictEqual((yield* ask("GET /me", { cookie })).json.session, id)
    assert.strictEqual((yield* ask("GET /me", { cookie: other.cookie })).status, 200)
    const login = yield* ask("POST /login", { body: { user: ada }, headers })
    assert.deepStrictEqual([login.status, login.cookies], [403, []])
  }).pipe(Effect.provide(app())))

it.effect("origins that the application trusts may, others of the same site may not", () =>
  Effect.gen(function*() {
    const { cookie } = yield* logIn()
    const from = (origin: string) =>
      Effect.map(
        ask("POST /me", { cookie, headers: { host, "sec-fetch-site": "same-site", origin } }),
        ({ status }) => status
      )
    assert.strictEqual(yield* from("https://www.app.example"), 204)
    assert.strictEqual(yield* from("http://www.app.example"), 403)
    assert.strictEqual(yield* from("https://blog.app.example"), 403)
  }).pipe(Effect.provide(app(Layer.succeed(TrustedOrigins, ["https://www.app.example"])))))
