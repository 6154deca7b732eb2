/** The code behind `SessionsApi`. */
import {
  byUser,
  type ListedSession,
  ListSessions,
  listSessions,
  type PageCursor,
  RevokeAllSessions,
  revokeAllSessions,
  RevokeSession,
  revokeSession,
  type SessionId,
  SessionNotFound
} from "@sojourn/core"
import { Effect, type Layer, Option } from "effect"
import { type HttpApi, HttpApiBuilder, type HttpApiEndpoint, type HttpApiGroup } from "effect/http-api"
import type { Authentication } from "./Authentication.ts"
import { clientAddress } from "./ClientAddress.ts"
import { CurrentSession } from "./CurrentSession.ts"
import { notCached } from "./NotCached.ts"
import { unauthorized, unavailable } from "./Refuse.ts"
import { EndedSessions, OwnSession, OwnSessions, type SessionsApi } from "./SessionsApi.ts"
import { signOut } from "./SignOut.ts"

/** What the handlers behind the endpoints ask for. */
type Services =
  | Effect.Services<ReturnType<typeof listSessions>>
  | Effect.Services<ReturnType<typeof revokeSession>>
  | Effect.Services<ReturnType<typeof revokeAllSessions>>

/** Field by field, so that nothing is shown because it was added to sessions. */
const toOwn = ({ current, session }: ListedSession) =>
  OwnSession.make({
    id: session.id,
    device: session.device,
    location: session.location,
    address: session.lastIpAddress,
    createdAt: session.createdAt,
    lastActivityAt: session.lastActivityAt,
    expiresAt: session.expiresAt,
    current
  })

const list = Effect.fnUntraced(function*(query: { readonly limit?: number; readonly before?: PageCursor }) {
  const { session } = yield* CurrentSession
  yield* notCached
  const { active, next, sessions } = yield* listSessions(
    ListSessions.make({
      userId: session.userId,
      current: Option.some(session.id),
      before: Option.fromUndefinedOr(query.before),
      ...(query.limit === undefined ? {} : { limit: query.limit })
    })
  )
  return OwnSessions.make({ sessions: sessions.map(toOwn), next, active })
}, Effect.catchTag("SessionRepoError", unavailable))

const end = Effect.fnUntraced(
  function*(sessionId: SessionId) {
    const { session } = yield* CurrentSession
    if (sessionId === session.id) return yield* signOut
    const actor = byUser(session.userId, yield* clientAddress)
    yield* revokeSession(RevokeSession.make({ sessionId, owner: Option.some(session.userId), actor }))
  },
  Effect.catchTags({
    SessionRepoError: unavailable,
    // Nobody learns whether somebody else has a session of this id.
    NotSessionOwner: ({ sessionId }) => Effect.fail(new SessionNotFound({ sessionId }))
  })
)

const endOthers = Effect.gen(function*() {
  const { session } = yield* CurrentSession
  const actor = byUser(session.userId, yield* clientAddress)
  const ended = yield* revokeAllSessions(
    RevokeAllSessions.make({ userId: session.userId, except: Option.some(session.id), actor })
  )
  return EndedSessions.make({ ended })
}).pipe(Effect.catchTags({
  SessionRepoError: unavailable,
  // It ended since it was checked: somebody who is signed out ends nothing.
  KeptSessionNotActive: () => unauthorized("invalid")
}))

/** What the API has before these endpoints, besides `Authentication`. */
type Middleware<Groups extends HttpApiGroup.Constraint> = HttpApiEndpoint.Middleware<
  HttpApiGroup.EndpointsWithIdentifier<Groups, "sessions">
>

/** An API that `SessionsApi` was added to, whatever prefix or middleware it has. */
type WithSessions = {
  readonly groups: {
    readonly sessions: { readonly endpoints: Readonly<Record<keyof typeof SessionsApi["endpoints"], unknown>> }
  }
}

/**
 * The endpoints of `SessionsApi`, for the API that it was added to. Users reach their own sessions alone: another user's is answered
 * as one that does not exist. Ends are recorded as the user's, with their address.
 *
 * @example
 * HttpApiBuilder.layer(Api).pipe(Layer.provide(layerSessions(Api)), Layer.provide(layerAuthentication))
 */
export const layerSessions = <Id extends string, Groups extends HttpApiGroup.Constraint>(
  api: HttpApi.HttpApi<Id, Groups> & WithSessions
): Layer.Layer<HttpApiGroup.Service<Id, "sessions">, never, Authentication | Middleware<Groups> | Services> =>
  HttpApiBuilder.group(
    // The group is in it: `WithSessions`. Prefixes and further middleware change nothing of what the handlers get and give.
    api as unknown as HttpApi.HttpApi<Id, typeof SessionsApi>,
    "sessions",
    Effect.fn(function*(handlers) {
      const services = yield* Effect.context<Services>()
      return handlers.handleAll({
        list: ({ query }) => Effect.provideContext(list(query), services),
        end: ({ params }) => Effect.provideContext(end(params.id), services),
        endOthers: () => Effect.provideContext(endOthers, services),
        signOut: () => Effect.provideContext(signOut, services)
      })
    })
  )
