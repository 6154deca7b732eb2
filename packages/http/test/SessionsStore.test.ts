import { assert, it } from "@effect/vitest"
import { SessionEnd, SessionNotFound, SessionRepo, SessionRepoError, system } from "@sojourn/core"
import { DateTime, Effect, Layer, Option } from "effect"
import { app, ask, isIn, logIn } from "./app.ts"

const unknownId = "019ca945-0a00-7a3b-8c1d-5e6f708192a3"

const away = () =>
  Effect.fail(new SessionRepoError({ operation: "any", reason: "Unavailable", message: "away", cause: undefined }))

/** A store that answers nothing about sessions, though their tokens can still be checked: the cache knows them. */
const storeAway = Layer.effect(
  SessionRepo,
  Effect.map(SessionRepo, (repo) => ({ ...repo, list: away, end: away, endAll: away }))
)

it.effect("a store that is away is told as such, and the cookie stays, as the session does", () =>
  Effect.gen(function*() {
    const { cookie } = yield* logIn()
    for (
      const request of [
        "GET /sessions",
        "DELETE /sessions",
        "DELETE /sessions/current",
        `DELETE /sessions/${unknownId}`
      ]
    ) {
      const { cookies, json, status } = yield* ask(request, { cookie })
      assert.deepStrictEqual([status, json, cookies], [503, { _tag: "Unavailable" }, []], request)
    }
  }).pipe(Effect.provide(app(storeAway))))

it.effect("who was signed out a moment ago, in another process, ends no session", () =>
  Effect.gen(function*() {
    const { cookie, id } = yield* logIn()
    const other = yield* logIn()
    // In the store alone: the cache has not heard of it.
    const end = SessionEnd.make({ at: yield* DateTime.now, reason: "admin_action", actor: system })
    yield* SessionRepo.use((repo) => repo.end(id, end, { owner: Option.none(), reuse: Option.none() }))
    assert.isTrue(yield* isIn(cookie))
    const { json, status } = yield* ask("DELETE /sessions", { cookie })
    assert.deepStrictEqual([status, json], [401, { _tag: "Unauthorized", reason: "invalid" }])
    assert.isTrue(yield* isIn(other.cookie))
  }).pipe(Effect.provide(app())))

it.effect("who signs out of a session that has been deleted since is signed out", () =>
  Effect.gen(function*() {
    const { cookie } = yield* logIn()
    const { cookies, status } = yield* ask("DELETE /sessions/current", { cookie })
    assert.deepStrictEqual([status, cookies.length], [204, 1])
  }).pipe(Effect.provide(app(Layer.effect(
    SessionRepo,
    Effect.map(SessionRepo, (repo) => ({
      ...repo,
      end: (sessionId) => Effect.fail(new SessionNotFound({ sessionId }))
    }))
  )))))
