/** An application with sessions, on a port of this machine, and somebody who asks it. */
import { NodeHttpServer } from "@effect/platform-node"
import { CreateSession, createSession, rotateSession, SessionId, User, UserId } from "@sojourn/core"
import {
  Authentication,
  CrossSiteRequest,
  CurrentSession,
  layerAuthentication,
  layerSessions,
  loginFacts,
  refuseCrossSite,
  rotateToken,
  sendToken,
  SessionsApi
} from "@sojourn/http"
import { SojournTest } from "@sojourn/testing"
import { Effect, Layer, Option, Redacted, Schema } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { createServer, type IncomingHttpHeaders, request } from "node:http"

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

const door = HttpApiBuilder.group(
  Api,
  "door",
  Effect.fn(function*(handlers) {
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
  })
)

const inside = HttpApiBuilder.group(
  Api,
  "inside",
  Effect.fn(function*(handlers) {
    const services = yield* Effect.context<Effect.Services<ReturnType<typeof rotateSession>>>()
    return handlers.handleAll({
      me: () =>
        Effect.map(
          CurrentSession,
          ({ credential, session }) => ({ user: session.userId, session: session.id, credential })
        ),
      write: () => Effect.void,
      sudo: () => Effect.map(rotateToken, (token) => Redacted.value(token)).pipe(Effect.provideContext(services))
    })
  })
)

export const ada = UserId.make("ada")
export const bob = UserId.make("bob")
/** What the stores of a test are made over. */
type Stores = Layer.Success<ReturnType<typeof SojournTest.layer>>

const users = [ada, bob].map((id) => User.make({ id, maxSessions: Option.some(9) }))

/** Everything in memory, on a free port. Settings and broken stores of a test's own are put in the place of others. */
export const app = <A>(others?: Layer.Layer<A, never, Stores>) => {
  const stores = Layer.fresh(SojournTest.layer({ users }))
  return HttpRouter.serve(
    HttpApiBuilder.layer(Api).pipe(
      Layer.provide([door, inside, layerSessions(Api)]),
      Layer.provide(layerAuthentication)
    ),
    { disableLogger: true, disableListenLog: true }
  ).pipe(
    Layer.provideMerge(others === undefined ? stores : Layer.provideMerge(others, stores)),
    Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
  )
}

/** What somebody sends besides method and path. An empty header is one that is not sent. */
export interface Asking {
  readonly cookie?: string | undefined
  readonly bearer?: string | undefined
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

/** What came back, as it was on the wire. */
interface Received {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

const send = (url: string, method: string, headers: Record<string, string>, body: string | undefined) =>
  Effect.callback<Received>((resume) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () => {
        const { headers, statusCode: status } = response
        resume(Effect.succeed({ status, headers, text: Buffer.concat(chunks).toString() }))
      })
    })
    sent.on("error", (error) => resume(Effect.die(error)))
    sent.end(body)
  })

/** Asks as a page of the application does, unless the headers say otherwise. */
export const ask = Effect.fnUntraced(function*(what: string, asking: Asking = {}) {
  const [method, path] = what.split(" ")
  const { address } = yield* HttpServer.HttpServer
  const headers = {
    "sec-fetch-site": "same-origin",
    ...(asking.cookie === undefined ? {} : { cookie: asking.cookie }),
    ...(asking.bearer === undefined ? {} : { authorization: `Bearer ${asking.bearer}` }),
    ...(asking.body === undefined ? {} : { "content-type": "application/json" }),
    ...asking.headers
  }
  const received = yield* send(
    `${HttpServer.formatAddress(address)}${path}`,
    method!,
    Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== "")),
    asking.body === undefined ? undefined : JSON.stringify(asking.body)
  )
  const isJson = received.headers["content-type"]?.includes("json") === true
  return {
    ...received,
    json: isJson ? JSON.parse(received.text) : undefined,
    cookies: received.headers["set-cookie"] ?? []
  }
})

/** Logs in as a browser does: its `Cookie` header, the token in it, and the session's id. */
export const logIn = Effect.fnUntraced(function*(user: UserId = ada, headers: Record<string, string> = {}) {
  const { cookies } = yield* ask("POST /login", { body: { user }, headers })
  const cookie = cookies[0]!.split(";", 1)[0]!
  const { json } = yield* ask("GET /me", { cookie })
  return { cookie, token: cookie.slice(cookie.indexOf("=") + 1), id: SessionId.make(json.session) }
})

/** Whether this cookie lets in. */
export const isIn = (cookie: string) => Effect.map(ask("GET /me", { cookie }), ({ status }) => status === 200)
