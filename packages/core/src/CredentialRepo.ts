/** Port: what proves a session to be somebody's, and what keeps it alive. */
import { Context, type DateTime, type Duration, type Effect, type Option } from "effect"
import type { EventId } from "./EventId.ts"
import type { IpAddress } from "./IpAddress.ts"
import type { Session } from "./Session.ts"
import type { Actor } from "./SessionEnd.ts"
import type { SessionEvent } from "./SessionEvent.ts"
import type { SessionId } from "./SessionId.ts"
import type { SessionRepoError } from "./SessionRepo.ts"
import type { RotationSalt, SecretHash } from "./SessionToken.ts"
import type { UserId } from "./User.ts"

/** How many secrets before the previous one a store remembers, to tell a stolen token from a wrong one. */
export const rememberedSecrets = 8

/** A session in whatever state it is, and the hashes of the secrets that it has and had. */
export interface Credential {
  readonly session: Session
  readonly secretHash: SecretHash
  /** How often the secret was replaced, modulo 64. */
  readonly rotation: number
  /** The secret before the current one, and when it was replaced. */
  readonly previous: Option.Option<{ readonly hash: SecretHash; readonly rotatedAt: DateTime.Utc }>
  /** Those before the previous one, the latest first: at most `rememberedSecrets`. */
  readonly retired: ReadonlyArray<SecretHash>
}

/** Replace the secret whose hash is `presented` by the one that `salt` makes of it. */
export interface Rotation {
  readonly sessionId: SessionId
  readonly presented: SecretHash
  readonly next: SecretHash
  readonly salt: RotationSalt
  readonly eventId: EventId
  /** From where it is asked for: the event's actor is the user, there. */
  readonly ipAddress: Option.Option<IpAddress>
  readonly now: DateTime.Utc
  readonly grace: Duration.Duration
}

/**
 * - `Rotated`: the secret was replaced, with this event.
 * - `AlreadyRotated`: another rotation of the same secret came first and is still within its grace; its salt makes the
 *   same successor.
 * - `NotCurrent`: the secret is neither the current one nor the previous one within its grace.
 * - `NotActive`: there is no such session, or it is over.
 */
export type RotationOutcome =
  | { readonly _tag: "Rotated"; readonly credential: Credential; readonly events: ReadonlyArray<SessionEvent> }
  | { readonly _tag: "AlreadyRotated"; readonly credential: Credential; readonly salt: RotationSalt }
  | { readonly _tag: "NotCurrent"; readonly credential: Credential }
  | { readonly _tag: "NotActive"; readonly credential: Option.Option<Credential> }

/** That a session was used. */
export interface Activity {
  readonly sessionId: SessionId
  readonly at: DateTime.Utc
  readonly ipAddress: Option.Option<IpAddress>
}

/** Every operation is one statement. */
export class CredentialRepo extends Context.Service<CredentialRepo, {
  /** Whether who asks is in a transaction of this store, which a read must then be part of. Absent: there are none. */
  readonly isInTransaction?: (context: Context.Context<never>) => boolean
  /** Those of the sessions that exist, in any order. */
  readonly find: (ids: ReadonlyArray<SessionId>) => Effect.Effect<ReadonlyArray<Credential>, SessionRepoError>
  /** Of any number of concurrent rotations of one secret, one takes place. */
  readonly rotate: (rotation: Rotation) => Effect.Effect<RotationOutcome, SessionRepoError>
  /**
   * Records activities. Never moves an absolute expiry, never goes back in time, and does nothing to a session that is
   * over.
   */
  readonly touch: (activities: ReadonlyArray<Activity>) => Effect.Effect<void, SessionRepoError>
  /** Marks an active session of the user as on a trusted device. None: there is no such session. */
  readonly trust: (
    sessionId: SessionId,
    owner: UserId,
    actor: Actor,
    now: DateTime.Utc
  ) => Effect.Effect<Option.Option<ReadonlyArray<SessionEvent>>, SessionRepoError>
  /** Adds one to the session's count, atomically. None: there is no such active session. */
  readonly recordSuspicion: (
    sessionId: SessionId,
    eventId: EventId,
    actor: Actor,
    now: DateTime.Utc
  ) => Effect.Effect<
    Option.Option<{ readonly userId: UserId; readonly count: number; readonly events: ReadonlyArray<SessionEvent> }>,
    SessionRepoError
  >
}>()("@sojourn/core/CredentialRepo") {}
