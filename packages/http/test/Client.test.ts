import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpServer } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { Api, app, bob, logIn } from "./app.ts"

it.effect("a client made from the contract lists in pages, ends sessions, and gets typed errors", () =>
  Effect.gen(function*() {
    const { id, token } = yield* logIn()
    const others = yield* logIn(bob)
    const lost = yield* logIn()
    const { address } = yield* HttpServer.HttpServer
    const { sessions } = yield* HttpApiClient.make(Api, {
      baseUrl: HttpServer.formatAddress(address),
      transformClient: HttpClient.mapRequest(HttpClientRequest.bearerToken(token))
    })

    const first = yield* sessions.list({ query: { limit: 1 } })
    assert.deepStrictEqual(first.sessions.map(({ id }) => id), [lost.id])
    const second = yield* sessions.list({ query: { limit: 1, before: Option.getOrThrow(first.next) } })
    assert.deepStrictEqual(second.sessions.map(({ current, id }) => [id, current]), [[id, true]])
    assert.deepStrictEqual(second.next, Option.none())

    const refused = yield* Effect.flip(sessions.end({ params: { id: others.id } }))
    assert.deepInclude(refused, { _tag: "SessionNotFound", sessionId: others.id })
    assert.deepStrictEqual((yield* sessions.endOthers()).ended, [lost.id])
    yield* sessions.signOut()
    assert.deepInclude(yield* Effect.flip(sessions.list({ query: {} })), { _tag: "Unauthorized", reason: "logout" })
  }).pipe(Effect.provide(Layer.merge(app(), FetchHttpClient.layer))))
