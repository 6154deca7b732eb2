import { assert, it } from "@effect/vitest"
import {
  byAdministrator,
  EventLog,
  parseIpAddress,
  RevokeSession,
  revokeSession,
  RotationGrace,
  SessionLookup,
  SessionPolicy,
  SessionRepo,
  SessionRepoError,
  SessionRules
} from "@sojourn/core"
import { behindProxies, ClientAddress, layerLocalhostCookie, SessionCookie, SessionCookieSettings } from "@sojourn/http"
import { Fixtures, SessionCacheTest } from "@sojourn/testing"
import { DateTime, Duration, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { ada, app, ask, logIn } from "./app.ts"

const away = new SessionRepoError({ operation: "find", reason: "Unavailable", message: "away", cause: undefined })
const storeAway = Layer.merge(
  Layer.succeed(SessionLookup, { credential: () => Effect.fail(away) }),
  SessionCacheTest.failing
)
const refused = (reason: string) => ({ _tag: "Unauthorized", reason })

it.effect("the cookie has exactly these attributes, and its token is in no body", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(DateTime.toEpochMillis(Fixtures.now))
    const { cookies, headers, status, text } = yield* ask("POST /login", { body: { user: ada } })
    assert.strictEqual(status, 204)
    assert.lengthOf(cookies, 1)
    assert.match(
      cookies[0]!,
      /^__Host-session=sjn1_[\w-]{24}\.[\w-]{43}; Path=\/; Expires=Tue, 31 Mar 2026 12:00:00 GMT; HttpOnly; Secure; SameSite=Lax$/
    )
    assert.strictEqual(headers["cache-control"], "no-store")
    assert.strictEqual(text, "")
  }).pipe(Effect.provide(app())))

it.effect("the cookie is set and read by the application's settings", () =>
  Effect.gen(function*() {
    const { cookies } = yield* ask("POST /login", { body: { user: ada } })
    assert.match(cookies[0]!, /^sid=sjn1_[^;]+; Path=\/app; Expires=[^;]+; HttpOnly; Secure; SameSite=Strict$/)
    const cookie = cookies[0]!.split(";", 1)[0]!
    assert.strictEqual((yield* ask("GET /me", { cookie })).status, 200)
    assert.strictEqual((yield* ask("GET /me", { cookie: `__Host-session${cookie.slice(3)}` })).status, 401)
  }).pipe(Effect.provide(
    app(Layer.succeed(SessionCookie, SessionCookieSettings.make({ name: "sid", path: "/app", sameSite: "strict" })))
  )))

it.effect("at http://localhost, in development, the cookie is one that a browser takes without TLS", () =>
  Effect.gen(function*() {
    const { cookies } = yield* ask("POST /login", { body: { user: ada } })
    assert.match(cookies[0]!, /^session=sjn1_[^;]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/)
  }).pipe(Effect.provide(app(layerLocalhostCookie))))

it("settings that browsers would drop without a word are refused at the start", () => {
  for (
    const settings of [
      { secure: false },
      { path: "/app" },
      { name: "__host-session", secure: false },
      { name: "__Secure-session", secure: false },
      { name: "session", secure: false, sameSite: "none" as const },
      { name: "a session" },
      { name: "session", path: "/; Domain=example.com" },
      { name: "session", path: "/\u0007" },
      { name: "session", path: "/caf\u00e9" }
    ]
  ) {
    assert.throws(() => SessionCookieSettings.make(settings), /./, JSON.stringify(settings))
  }
})

it.effect("cookie and bearer token let in, and the endpoint learns who and how", () =>
  Effect.gen(function*() {
    const { cookie, id, token } = yield* logIn()
    const byCookie = yield* ask("GET /me", { cookie })
    assert.deepStrictEqual(byCookie.json, { user: "ada", session: id, credential: "cookie" })
    const byBearer = yield* ask("GET /me", { bearer: token })
    assert.deepStrictEqual(byBearer.json, { user: "ada", session: id, credential: "bearer" })
    const { json: other } = yield* ask("POST /token", { body: { user: "bob" } })
    const both = yield* ask("GET /me", { cookie, bearer: other })
    assert.deepInclude(both.json, { user: "bob", credential: "bearer" })
  }).pipe(Effect.provide(app())))

it.effect("nobody is let in without a token, with another one, or with one that has another secret", () =>
  Effect.gen(function*() {
    const { cookie, token } = yield* logIn()
    const other = yield* logIn()
    const mixed = token.slice(0, 30) + other.token.slice(30)
    for (
      const asking of [
        {},
        { cookie: "__Host-session=" },
        { cookie: "__Host-session=garbage" },
        { cookie: `__Host-session=${mixed}` },
        { cookie: cookie.replace("__Host-session", "session") },
        { bearer: "garbage" },
        { bearer: mixed },
        { bearer: "garbage", cookie },
        { headers: { authorization: `Basic ${token}` } }
      ]
    ) {
      const { headers, json, status } = yield* ask("GET /me", asking)
      assert.deepStrictEqual([status, json], [401, refused("invalid")], JSON.stringify(asking))
      assert.strictEqual(headers["www-authenticate"], "Bearer")
    }
  }).pipe(Effect.provide(app())))

it.effect("who holds the token of a session that is over is told why, by either way", () =>
  Effect.gen(function*() {
    const { cookie, id, token } = yield* logIn()
    yield* revokeSession(RevokeSession.make({
      sessionId: id,
      reason: "security_concern",
      actor: byAdministrator("root")
    }))
    assert.deepStrictEqual((yield* ask("GET /me", { cookie })).json, refused("security_concern"))
    assert.deepStrictEqual((yield* ask("GET /me", { bearer: token })).json, refused("security_concern"))
  }).pipe(Effect.provide(app())))

it.effect("an expired session is not let in", () =>
  Effect.gen(function*() {
    const { cookie, token } = yield* logIn()
    yield* TestClock.adjust(Duration.subtract(Duration.days(30), Duration.millis(1)))
    assert.strictEqual((yield* ask("GET /me", { cookie })).status, 200)
    yield* TestClock.adjust("1 milli")
    for (const asking of [{ cookie }, { bearer: token }]) {
      const { json, status } = yield* ask("GET /me", asking)
      assert.deepStrictEqual([status, json], [401, refused("expired")])
    }
  }).pipe(Effect.provide(app())))

it.effect("a request keeps a session from going idle, and is recorded with its address", () =>
  Effect.gen(function*() {
    const { cookie, id } = yield* logIn(ada, { "x-forwarded-for": Fixtures.addresses.cloudflare })
    const idle = yield* logIn()
    for (let half = 0; half < 4; half++) {
      yield* TestClock.adjust("30 minutes")
      const { status } = yield* ask("GET /me", {
        cookie,
        headers: { "x-forwarded-for": Fixtures.addresses.documentation }
      })
      assert.strictEqual(status, 200)
      yield* TestClock.adjust("2 seconds")
    }
    assert.deepStrictEqual((yield* ask("GET /me", { cookie: idle.cookie })).json, refused("idle"))
    const { ipAddress, lastActivityAt, lastIpAddress } = Option.getOrThrow(
      yield* SessionRepo.use((repo) => repo.find(id))
    )
    assert.deepStrictEqual(ipAddress, parseIpAddress(Fixtures.addresses.cloudflare))
    assert.deepStrictEqual(lastIpAddress, parseIpAddress(Fixtures.addresses.documentation))
    assert.strictEqual(DateTime.toEpochMillis(lastActivityAt), Duration.toMillis("2 hours") + 6_000)
  }).pipe(Effect.provide(
    app(Layer.merge(
      Layer.succeed(SessionPolicy, SessionRules.make({ idleTimeout: Option.some(Duration.hours(1)) })),
      Layer.succeed(ClientAddress, behindProxies("x-forwarded-for"))
    ))
  )))

it.effect("a store that is away lets nobody in, and is no reason to sign in again", () =>
  Effect.gen(function*() {
    const { cookies } = yield* ask("POST /login", { body: { user: ada } })
    const cookie = cookies[0]!.split(";", 1)[0]!
    for (const asking of [{ cookie }, { bearer: cookie.slice(cookie.indexOf("=") + 1) }]) {
      const { headers, json, status } = yield* ask("GET /me", asking)
      assert.deepStrictEqual([status, json], [503, { _tag: "Unavailable" }])
      assert.isUndefined(headers["www-authenticate"])
    }
    assert.strictEqual((yield* ask("GET /me")).status, 401)
  }).pipe(Effect.provide(app(storeAway))))

it.effect("a rotation sends the new token the way that the old one came; the old one, stolen, ends the session", () =>
  Effect.gen(function*() {
    const { cookie, id } = yield* logIn()
    const rotated = yield* ask("POST /sudo", { cookie })
    assert.lengthOf(rotated.cookies, 1)
    const next = rotated.cookies[0]!.split(";", 1)[0]!
    assert.strictEqual(next, `__Host-session=${rotated.json}`)
    assert.notStrictEqual(next, cookie)
    assert.strictEqual((yield* ask("GET /me", { cookie: next })).json.session, id)

    const byBearer = yield* ask("POST /sudo", { bearer: rotated.json })
    assert.deepStrictEqual(byBearer.cookies, [])
    for (const { headers } of [rotated, byBearer]) assert.strictEqual(headers["cache-control"], "no-store")
    assert.strictEqual((yield* ask("GET /me", { bearer: byBearer.json })).json.session, id)

    yield* TestClock.adjust("31 seconds")
    assert.deepStrictEqual((yield* ask("GET /me", { cookie })).json, refused("rotation_reuse"))
    assert.deepStrictEqual((yield* ask("GET /me", { bearer: byBearer.json })).json, refused("rotation_reuse"))
    const events = yield* EventLog.use((log) => log.read({ after: 0, limit: 100, userId: Option.none() }))
    const rotations = events.flatMap(({ event }) => event._tag === "SessionRotated" ? [event.actor.ipAddress] : [])
    assert.deepStrictEqual(rotations, [Option.some("127.0.0.1"), Option.some("127.0.0.1")])
  }).pipe(Effect.provide(app(Layer.succeed(RotationGrace, Duration.seconds(30))))))
