import { assert, it } from "@effect/vitest"
import { EventLog, parseIpAddress, SessionRepo } from "@sojourn/core"
import { EnricherTest, Fixtures } from "@sojourn/testing"
import { Array, DateTime, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { app, ask, bob, isIn, logIn } from "./app.ts"

const unknownId = "019ca945-0a00-7a3b-8c1d-5e6f708192a3"

const enrichers = Layer.merge(
  EnricherTest.device(EnricherTest.known(Fixtures.device)).layer,
  EnricherTest.location(EnricherTest.known(Fixtures.location)).layer
)

/** How sessions ended: the session, the reason, and who did it from where. */
const endings = Effect.gen(function*() {
  const events = yield* EventLog.use((log) => log.read({ after: 0, limit: 1_000, userId: Option.none() }))
  return events.flatMap(({ event }) =>
    event._tag === "SessionRevoked"
      ? [{ id: event.sessionId, reason: event.reason, by: event.actor.kind, from: event.actor.ipAddress }]
      : []
  )
})

it.effect("users see their own active sessions, newest first, the one that asks marked, and no secret", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(DateTime.toEpochMillis(Fixtures.now))
    const first = yield* logIn()
    yield* TestClock.adjust("1 minute")
    const ended = yield* logIn()
    yield* ask("DELETE /sessions/current", { cookie: ended.cookie })
    yield* logIn(bob)
    const second = yield* logIn()

    const { headers, json, status, text } = yield* ask("GET /sessions", { cookie: first.cookie })
    assert.strictEqual(status, 200)
    assert.strictEqual(headers["cache-control"], "no-store")
    assert.deepStrictEqual(json.sessions.map(({ id }: { id: string }) => id), [second.id, first.id])
    assert.deepStrictEqual(json.sessions[1], {
      id: first.id,
      device: {
        name: "Chrome on macOS",
        kind: "desktop",
        browser: "Chrome",
        browserVersion: "143",
        system: "macOS",
        systemVersion: null
      },
      location: { country: "US", city: "New York" },
      address: "127.0.0.1",
      createdAt: "2026-03-01T12:00:00.000Z",
      lastActivityAt: "2026-03-01T12:00:00.000Z",
      expiresAt: "2026-03-31T12:00:00.000Z",
      current: true
    })
    assert.isFalse(json.sessions[0].current)
    assert.deepInclude(json, { next: null, active: 2 })
    for (const { token } of [first, second]) assert.notInclude(text, token.slice(-43))
    assert.notMatch(text, /sjn1_|hash|[0-9a-f]{64}/i)
  }).pipe(Effect.provide(app(enrichers))))

it.effect("the list comes in pages", () =>
  Effect.gen(function*() {
    const all = yield* Effect.replicateEffect(logIn(), 5)
    const { cookie } = all[0]!
    const page = Effect.fnUntraced(function*(query: string) {
      const { json } = yield* ask(`GET /sessions?limit=2${query}`, { cookie })
      assert.strictEqual(json.active, 5)
      return { ids: json.sessions.map(({ id }: { id: string }) => id), next: json.next }
    })
    const first = yield* page("")
    const second = yield* page(`&before=${first.next}`)
    const third = yield* page(`&before=${second.next}`)
    assert.deepStrictEqual([...first.ids, ...second.ids, ...third.ids], Array.reverse(all.map(({ id }) => id)))
    assert.deepStrictEqual([first.ids.length, third.ids.length, third.next], [2, 1, null])
    for (const query of ["limit=0", "limit=1001", "limit=x", "before=x"]) {
      assert.strictEqual((yield* ask(`GET /sessions?${query}`, { cookie })).status, 400, query)
    }
  }).pipe(Effect.provide(app())))

it.effect("users end one of their own sessions; ending it once more changes nothing", () =>
  Effect.gen(function*() {
    const { cookie } = yield* logIn()
    const lost = yield* logIn()
    for (const asking of [{ cookie }, { cookie }]) {
      const { status, text } = yield* ask(`DELETE /sessions/${lost.id}`, asking)
      assert.deepStrictEqual([status, text], [204, ""])
    }
    assert.isFalse(yield* isIn(lost.cookie))
    assert.isTrue(yield* isIn(cookie))
    assert.deepStrictEqual(yield* endings, [
      { id: lost.id, reason: "logout", by: "user", from: parseIpAddress("127.0.0.1") }
    ])
  }).pipe(Effect.provide(app())))

it.effect("another user's session is answered as one that does not exist, and goes on", () =>
  Effect.gen(function*() {
    const { cookie } = yield* logIn()
    const others = yield* logIn(bob)
    const answers = yield* Effect.forEach([others.id, unknownId], (id) =>
      Effect.map(ask(`DELETE /sessions/${id}`, { cookie }), ({ headers, status, text }) => ({
        status,
        text: text.replace(id, "…"),
        headers: { ...headers, date: "" }
      })))
    assert.strictEqual(answers[0]!.status, 404)
    assert.deepStrictEqual(answers[0], answers[1])
    assert.isTrue(yield* isIn(others.cookie))
    assert.deepStrictEqual(yield* endings, [])
  }).pipe(Effect.provide(app())))

it.effect("users end all of their other sessions, and nobody else's", () =>
  Effect.gen(function*() {
    const [first, second] = [yield* logIn(), yield* logIn()]
    const { cookie } = yield* logIn()
    const others = yield* logIn(bob)
    const { json, status } = yield* ask("DELETE /sessions", { cookie })
    assert.strictEqual(status, 200)
    assert.sameMembers(json.ended, [first.id, second.id])
    for (const one of [first, second]) assert.isFalse(yield* isIn(one.cookie))
    for (const one of [cookie, others.cookie]) assert.isTrue(yield* isIn(one))
  }).pipe(Effect.provide(app())))

it.effect("signing out ends the session and expires the cookie, by either endpoint", () =>
  Effect.gen(function*() {
    for (const request of ["current", undefined]) {
      const { cookie, id } = yield* logIn()
      const { cookies, headers, status } = yield* ask(`DELETE /sessions/${request ?? id}`, { cookie })
      assert.strictEqual(status, 204)
      assert.deepStrictEqual(cookies, [
        "__Host-session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax"
      ])
      assert.strictEqual(headers["cache-control"], "no-store")
      const { json } = yield* ask("GET /me", { cookie })
      assert.deepStrictEqual(json, { _tag: "Unauthorized", reason: "logout" })
      const { end } = Option.getOrThrow(yield* SessionRepo.use((repo) => repo.find(id)))
      assert.strictEqual(Option.getOrThrow(end).actor.kind, "user")
    }
  }).pipe(Effect.provide(app())))

it.effect("signing out by a bearer token leaves the browser's cookie alone", () =>
  Effect.gen(function*() {
    const { token } = yield* logIn()
    const { cookie } = yield* logIn()
    const { cookies, status } = yield* ask("DELETE /sessions/current", { bearer: token, cookie })
    assert.deepStrictEqual([status, cookies], [204, []])
    assert.strictEqual((yield* ask("GET /me", { bearer: token })).status, 401)
    assert.isTrue(yield* isIn(cookie))
  }).pipe(Effect.provide(app())))

it.effect("nobody sees or ends anything without a session", () =>
  Effect.gen(function*() {
    const { cookie, id } = yield* logIn()
    for (
      const request of ["GET /sessions", "DELETE /sessions", "DELETE /sessions/current", `DELETE /sessions/${id}`]
    ) {
      assert.strictEqual((yield* ask(request)).status, 401, request)
    }
    assert.isTrue(yield* isIn(cookie))
  }).pipe(Effect.provide(app())))
