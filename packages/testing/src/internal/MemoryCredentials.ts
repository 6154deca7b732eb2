/** The `CredentialRepo` over the state in memory. */
import { type Credential, CredentialRepo, type RotationOutcome, type Session, type SessionId } from "@sojourn/core"
import { DateTime, Effect, Option } from "effect"
import type { SecureRandom } from "effect/crypto"
import * as CredentialChange from "./CredentialChange.ts"
import type { MemoryState } from "./MemoryState.ts"
import * as Secrets from "./Secrets.ts"

export const make = ({ locked, secrets, sessions, write }: MemoryState) => {
  const credential = (id: SessionId): Option.Option<Credential> =>
    Option.map(
      Option.all({ session: sessions.get(id), kept: Option.fromUndefinedOr(secrets.get(id)) }),
      ({ kept: { current, previous, retired, rotation }, session }) => ({
        session,
        secretHash: current,
        rotation,
        previous: Option.map(previous, ({ hash, rotatedAt }) => ({ hash, rotatedAt })),
        retired
      })
    )

  /** Under the lock of its user: what becomes of the session, if it is active then. */
  const ifActive = <A>(
    id: SessionId,
    now: DateTime.Utc,
    become: (session: Session) => Effect.Effect<A, never, SecureRandom.SecureRandom>
  ) =>
    Effect.suspend(() =>
      Option.match(sessions.get(id), {
        onNone: () => Effect.succeedNone,
        onSome: ({ userId }) =>
          locked(
            userId,
            Effect.suspend(() =>
              Option.match(Option.filter(sessions.get(id), (session) => session.isActive(now)), {
                onNone: () => Effect.succeedNone,
                onSome: (session) => Effect.asSome(become(session))
              })
            )
          )
      })
    )

  return CredentialRepo.of({
    find: (ids) => Effect.sync(() => [...new Set(ids)].flatMap((id) => Option.toArray(credential(id)))),

    rotate: (rotation) => {
      const { now, presented, sessionId } = rotation
      const rotate = (session: Session) =>
        Effect.sync((): RotationOutcome => {
          const before = secrets.get(sessionId)
          const isCurrent = before?.current === presented
          const events = isCurrent ? write(CredentialChange.rotated(session, before, rotation)) : []
          const after = Option.getOrThrow(credential(sessionId))
          if (isCurrent) return { _tag: "Rotated", credential: after, events }
          const salt = Option.flatMap(Option.fromUndefinedOr(before), (kept) => Secrets.winningSalt(kept, rotation))
          return Option.isSome(salt)
            ? { _tag: "AlreadyRotated", credential: after, salt: salt.value }
            : { _tag: "NotCurrent", credential: after }
        })
      return Effect.map(
        ifActive(sessionId, now, rotate),
        Option.getOrElse((): RotationOutcome => ({ _tag: "NotActive", credential: credential(sessionId) }))
      )
    },

    touch: (activities) =>
      Effect.forEach(
        activities,
        ({ at, ipAddress, sessionId }) =>
          ifActive(sessionId, at, (session) =>
            Effect.sync(() => {
              // What is told late tells nothing: where the latest activity came from is known already.
              if (DateTime.isLessThan(at, session.lastActivityAt)) return
              write({ sessions: [session.touched(at, ipAddress)], events: [] })
            })),
        { discard: true }
      ),

    trust: (sessionId, owner, actor, now) =>
      Effect.map(
        ifActive(sessionId, now, (session) =>
          session.userId === owner
            ? Effect.map(CredentialChange.trusted(session, actor, now), (change) => Option.some(write(change)))
            : Effect.succeedNone),
        Option.flatten
      ),

    recordSuspicion: (sessionId, eventId, actor, now) =>
      ifActive(sessionId, now, (session) =>
        Effect.sync(() => {
          const change = CredentialChange.suspected(session, eventId, actor, now)
          const count = session.suspected().suspiciousActivityCount
          return { userId: session.userId, count, events: write(change) }
        }))
  })
}
