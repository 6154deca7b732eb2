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

/** The secret that a rotation replaced. */
export interface PreviousSecret {
  /** By which it is known when it is presented once more. */
  readonly hash: SecretHash
  /** From when on another one took its place: its grace begins then. */
  readonly rotatedAt: DateTime.Utc
}

/** A session in whatever state it is, and the hashes of the secrets that it has and had. */
export interface Credential {
  /** Active or over, as it is stored. */
  readonly session: Session
  /** Of the current secret. */
  readonly secretHash: SecretHash
  /** How often the secret was replaced, modulo 64. */
  readonly rotation: number
  /** The secret before the current one; none as long as there was none. */
  readonly previous: Option.Option<PreviousSecret>
  /** Those before the previous one, the latest first: at most `rememberedSecrets`. */
  readonly retired: ReadonlyArray<SecretHash>
}

/** Replace the secret whose hash is `presented` by the one that `salt` makes of it. */
export interface Rotation {
  /** The session whose secret it is, as the token says. */
  readonly sessionId: SessionId
  /** The hash of the secret in the token, which must be the current one. */
  readonly presented: SecretHash
  /** The hash of its successor. */
  readonly next: SecretHash
  /** Kept until the next rotation, to make the same successor for whoever asks again. */
  readonly salt: RotationSalt
  /** For the `SessionRotated` that is written. */
  readonly eventId: EventId
  /** From where it is asked for: the event's actor is the user, there. */
  readonly ipAddress: Option.Option<IpAddress>
  /** When it is asked for: the time of the rotation and its event. */
  readonly now: DateTime.Utc
  /** For how long the previous secret may be rotated again, to the same successor. */
  readonly grace: Duration.Duration
}

/**
 * - `Rotated`: the secret was replaced.
 * - `AlreadyRotated`: another rotation of the same secret came first and is still within its grace.
 * - `NotCurrent`: the secret is neither the current one nor the previous one within its grace.
 * - `NotActive`: there is no such session, or it is over.
 */
export type RotationOutcome =
  | {
    readonly _tag: "Rotated"
    /** With the new secret. */
    readonly credential: Credential
    /** What was written to the event log: its `SessionRotated`. */
    readonly events: ReadonlyArray<SessionEvent>
  }
  | {
    readonly _tag: "AlreadyRotated"
    /** With the secret that the other rotation gave it. */
    readonly credential: Credential
    /** That of the other rotation, which makes the same successor. */
    readonly salt: RotationSalt
  }
  | {
    readonly _tag: "NotCurrent"
    /** As it stays: which secret it was, its hashes tell. */
    readonly credential: Credential
  }
  | {
    readonly _tag: "NotActive"
    /** None: there is no such session. */
    readonly credential: Option.Option<Credential>
  }

/** That a session was used. */
export interface Activity {
  /** The session that was used. */
  readonly sessionId: SessionId
  /** When; earlier than what is on record already, it changes nothing. */
  readonly at: DateTime.Utc
  /** From where; none leaves the address that is on record. */
  readonly ipAddress: Option.Option<IpAddress>
}

/** A suspicious activity that was counted. */
export interface Suspicion {
  /** Whose session it is. */
  readonly userId: UserId
  /** How often by now, this time included. */
  readonly count: number
  /** What was written to the event log: its `SuspiciousActivityRecorded`. */
  readonly events: ReadonlyArray<SessionEvent>
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
  ) => Effect.Effect<Option.Option<Suspicion>, SessionRepoError>
}>()("@sojourn/core/CredentialRepo") {}
