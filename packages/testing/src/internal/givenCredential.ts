/** Sessions with their secrets, for the cases of the `CredentialRepo`. */
import {
  type Credential,
  CredentialRepo,
  EventId,
  type Rotation,
  RotationSalt,
  SecretHash,
  type SessionId
} from "@sojourn/core"
import { Duration, Effect, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { Hex } from "effect/encoding"
import { after, now, type SessionFields } from "../Fixtures.ts"
import { admit, givenUser } from "./given.ts"

const hex = SecureRandom.SecureRandom.use((random) => Effect.map(random.randomBytes(32), Hex.encode))

/** A hash, a salt and an event id that no other case has. */
export const freshHash = Effect.map(hex, (text) => SecretHash.make(text))
export const freshSalt = Effect.map(hex, (text) => RotationSalt.make(text))
export const freshEventId = SecureRandom.SecureRandom.use((random) =>
  Effect.map(random.uuidV7(), (id) => EventId.make(id))
)

/** A session of a new user's, and the hash of its secret. */
export const givenSession = Effect.fnUntraced(function*(fields: SessionFields = {}) {
  const { userId } = yield* givenUser("unlimited")
  const { secretHash, session } = yield* admit({ ...fields, userId })
  return { id: session.id, secretHash, session, userId }
})

/** What the store has of the session. */
export const credentialOf = (id: SessionId): Effect.Effect<Option.Option<Credential>, unknown, CredentialRepo> =>
  CredentialRepo.use((repo) => Effect.map(repo.find([id]), ([found]) => Option.fromUndefinedOr(found)))

/** The session as the store has it. */
export const storedSession = (id: SessionId) =>
  Effect.map(credentialOf(id), (found) => Option.getOrThrow(found).session)

/** Rotates the secret with this hash into a new one, so many seconds after `now`. */
export const rotate = Effect.fnUntraced(function*(
  sessionId: SessionId,
  presented: SecretHash,
  options: { readonly seconds?: number; readonly grace?: number; readonly ipAddress?: Rotation["ipAddress"] } = {}
) {
  const repo = yield* CredentialRepo
  const rotation = {
    sessionId,
    presented,
    next: yield* freshHash,
    salt: yield* freshSalt,
    eventId: yield* freshEventId,
    ipAddress: options.ipAddress ?? Option.none(),
    now: options.seconds === undefined ? now : after(Duration.seconds(options.seconds)),
    grace: Duration.seconds(options.grace ?? 30)
  }
  return { rotation, outcome: yield* repo.rotate(rotation) }
})
