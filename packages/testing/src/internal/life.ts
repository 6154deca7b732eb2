/** Every handler over the store that is tested, with cache, bus and lookup in process, for one user. */
import {
  ActivityWriter,
  Actor,
  CreateSession,
  createSession,
  DeviceEnricher,
  EventBusInProcess,
  LocationEnricher,
  makeToken,
  parseToken,
  RevokeAllSessions,
  revokeAllSessions,
  RevokeSession,
  revokeSession,
  SessionCacheInProcess,
  type SessionId,
  SessionLookup,
  type SessionToken,
  type UserId,
  validateSession
} from "@sojourn/core"
import { Effect, Layer, Option, Result } from "effect"
import { Digest } from "effect/crypto"
import { type CredentialStore, givenUser } from "./given.ts"

/** What handlers need besides a store. */
const surroundings = Layer.merge(SessionLookup.layer, ActivityWriter.layer).pipe(
  Layer.provideMerge(Layer.mergeAll(
    SessionCacheInProcess.layer(),
    EventBusInProcess.layer(),
    DeviceEnricher.layerDisabled,
    LocationEnricher.layerDisabled,
    Digest.layerWebCrypto
  ))
)

/** What a case of the life suite may use. */
export type Life = CredentialStore | Layer.Success<typeof surroundings>

/** Runs the case with surroundings of its own. */
export const withSurroundings = <A, E, R>(test: Effect.Effect<A, E, R>) =>
  Effect.provide(test, Layer.fresh(surroundings), { local: true })

export const user = (userId: UserId) => Actor.make({ kind: "user", id: Option.some(userId) })

/** A new user who may have any number of sessions. */
export const givenLife = Effect.fnUntraced(function*() {
  const { userId } = yield* givenUser("unlimited")
  return {
    userId,
    logIn: createSession(CreateSession.make({ userId })),
    revokeAll: (fields: Partial<Parameters<typeof RevokeAllSessions.make>[0]> = {}) =>
      revokeAllSessions(RevokeAllSessions.make({ userId, actor: user(userId), ...fields }))
  }
})

type Revocation = Partial<Parameters<typeof RevokeSession.make>[0]> & { readonly sessionId: SessionId }

/** Revokes one session; the user does, unless the fields say otherwise. */
export const revoke = (fields: Revocation, userId: UserId) =>
  revokeSession(RevokeSession.make({ actor: user(userId), ...fields }))

/** The token of the same session with a secret of its own. */
export const withSecret = (token: SessionToken, userId: UserId, secret: Uint8Array): SessionToken =>
  makeToken(Option.getOrThrow(parseToken(token)).sessionId, userId, secret)

/** What validating says: `valid`, or the error's tag and, if it tells one, its reason. */
export const verdict = (token: SessionToken) =>
  Effect.map(
    Effect.result(validateSession(token)),
    Result.match({
      onSuccess: () => "valid",
      onFailure: (error) => error._tag === "SessionNotActive" ? `${error._tag} ${error.reason}` : error._tag
    })
  )
