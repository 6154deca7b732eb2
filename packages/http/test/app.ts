/** An application with sessions, on a port of this machine, and somebody who asks it. */
import { NodeHttpServer } from "@effect/platform-node"
import { CreateSession, createSession, SessionId, User, UserId } from "@sojourn/core"
import {
  Authentication,
  CurrentSession,
  layerAuthentication,
  layerSessions,
  loginFacts,
  refuseCrossSite,
  CrossSiteRequest,
  rotateToken,
  sendToken,
  SessionsApi
} from "@sojourn/http"
import { SojournTest } from "@sojourn/testing"
import { Effect, Layer, Option, Redacted, Schema } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"

const Login = Schema.Struct({ user: UserId })
const Me = Schema.Struct({ user: UserId, session: SessionId, credential: Schema.String })

class Door extends HttpApiGroup.make("door").add(
  HttpApiEndpoint.post("web", "/login", { payload: Login, success: HttpApiSchema.NoContent, error: CrossSiteRequest }),
  HttpApiEndpoint.post("app", "/token", { payload: Login, success: Schema.String })
) {}

class Inside extends HttpApiGroup.make("inside").add(
  HttpApiEndpoint.get("me", "/me", { success: Me }),
  HttpApiEndpoint.post("write", "/me", { success: HttpApiSchema.NoContent }),
  HttpApiEndpoint.post("sudo", "/sudo", { success: Schema.String })
).middleware(Authentication) {}

export class Api extends HttpApi.make("app").add(Door, Inside, SessionsApi) {}

/** Whoever names themselves is let in. */
const login = Effect.fnUntraced(function*(userId: UserId) {
  return yield* Effect.orDie(createSession(CreateSession.make({ userId, ...(yield* loginFacts) })))
})

const door = HttpApiBuilder.group(Api, "door", Effect.fn(function*(handlers) {
  const services = yield* Effect.context<Effect.Services<ReturnType<typeof createSession>>>()
  return handlers.handleAll({
    web: Effect.fnUntraced(function*({ payload }) {
      yield* refuseCrossSite
      yield* sendToken(yield* login(payload.user))
    }, Effect.provideContext(services)),
    app: ({ payload }) =>
      login(payload.user).pipe(
        Effect.map(({ token }) => Redacted.value(token)),
        Effect.provideContext(services)
      )
  })
}))

const inside = HttpApiBuilder.group(Api, "inside", Effect.fn(function*(handlers) {
  const services = yield* Effect.context<Exclude<Effect.Services<typeof rotateToken>, CurrentSession>>()
  return handlers.handleAll({
    me: () =>
      Effect.map(
        CurrentSession,
        ({ credential, session }) => ({ user: session.userId, session: session.id, credential })
      ),
    write: () => Effect.void,
    sudo: () =>
      Effect.map(rotateToken, (token) => Redacted.value(token)).pipe(Effect.provideContext(services))
  })
}))

export const ada = UserId.make("ada")
export const bob = UserId.make("bob")
const users = [ada, bob].map((id) => User.make({ id, maxSessions: Option.some(9) }))

/** Everything in memory, on a free port. Settings and broken stores of a test's own come with `others`. */
export const app = <A = never, E = never>(others: Layer.Layer<A, E> = Layer.empty as Layer.Layer<A, E>) =>
  HttpRouter.serve(
    HttpApiBuilder.layer(Api).pipe(
      Layer.provide([door, inside, layerSessions(Api)]),
      Layer.provide(layerAuthentication)
    ),
    { disableLogger: true, disableListenLog: true }
  ).pipe(
    Layer.provideMerge(Layer.merge(Layer.fresh(SojournTest.layer({ users })), others)),
    Layer.provideMerge(Layer.fresh(NodeHttpServer.layerTest))
  )

/** What somebody sends besides method and path. */
export interface Asking {
  readonly cookie?: string | undefined
  readonly bearer?: string | undefined
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

/** What comes back, as it is on the wire. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: any
  readonly cookies: ReadonlyArray<string>
}

/** Asks as a page of the application does, unless the headers say otherwise. */
export const ask = Effect.fnUntraced(function*(request: string, asking: Asking = {}) {
  const [method, path] = request.split(" ")
  const { address } = yield* HttpServer.HttpServer
  const headers = {
    "sec-fetch-site": "same-origin",
    ...(asking.cookie === undefined ? {} : { cookie: asking.cookie }),
    ...(asking.bearer === undefined ? {} : { authorization: `Bearer ${asking.bearer}` }),
    ...(asking.body === undefined ? {} : { "content-type": "application/json" }),
    ...asking.headers
  }
  // An empty header is one that is not sent.
  const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ""))
  const body = asking.body === undefined ? null : JSON.stringify(asking.body)
  const url = `${HttpServer.formatAddress(address)}${path}`.replace("0.0.0.0", "127.0.0.1")
  const response = yield* Effect.promise(() => fetch(url, { method: method!, headers: sent, body }))
  const text = yield* Effect.promise(() => response.text())
  const isJson = response.headers.get("content-type")?.includes("json") === true
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
    cookies: response.headers.getSetCookie()
  } satisfies Answer
})

/** Logs in as a browser does, and gives its `Cookie` header and the session's id. */
export const logIn = Effect.fnUntraced(function*(user: UserId = ada, headers: Record<string, string> = {}) {
  const { cookies } = yield* ask("POST /login", { body: { user }, headers })
  const cookie = cookies[0]!.split(";", 1)[0]!
  const { json } = yield* ask("GET /me", { cookie })
  return { cookie, token: cookie.slice(cookie.indexOf("=") + 1), id: json.session as string }
})
