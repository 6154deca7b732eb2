/** What the stores in memory share: sessions, their secrets, events, and a lock for each user. */
import type { Session, SessionEvent, SessionId, UserId } from "@sojourn/core"
import { Effect, RcMap, Semaphore } from "effect"
import { SecureRandom } from "effect/crypto"
import * as EventTable from "./EventTable.ts"
import type { Secrets } from "./Secrets.ts"
import type { SessionChange } from "./SessionChange.ts"
import * as SessionTable from "./SessionTable.ts"

export const make = Effect.gen(function*() {
  const random = yield* SecureRandom.SecureRandom
  const locks = yield* RcMap.make({ lookup: () => Semaphore.make(1) })
  const sessions = SessionTable.make()
  const secrets = new Map<SessionId, Secrets>()
  const events = EventTable.make()

  const withLock = <A, E>(userId: UserId, use: (lock: Semaphore.Semaphore) => Effect.Effect<A, E>) =>
    Effect.scoped(Effect.flatMap(RcMap.get(locks, userId), use))

  return {
    sessions,
    secrets,
    events,

    /** Changes to one user's sessions happen one after the other. */
    locked: <A, E>(userId: UserId, change: Effect.Effect<A, E, SecureRandom.SecureRandom>) =>
      withLock(userId, (lock) => lock.withPermit(Effect.provideService(change, SecureRandom.SecureRandom, random))),

    /** None, at once, while another change of the user's is under way. */
    lockedIfFree: <A, E>(userId: UserId, change: Effect.Effect<A, E, SecureRandom.SecureRandom>) =>
      withLock(
        userId,
        (lock) => lock.withPermitsIfAvailable(1)(Effect.provideService(change, SecureRandom.SecureRandom, random))
      ),

    /** One synchronous step, so that all of the changes are there or none, even if the fiber is interrupted. */
    write: (...changes: ReadonlyArray<SessionChange>): ReadonlyArray<SessionEvent> => {
      const written = changes.flatMap((change) => change.events)
      sessions.write(changes.flatMap((change) => change.sessions))
      for (const { secrets: changed } of changes) if (changed !== undefined) secrets.set(...changed)
      events.append(written)
      return written
    },

    /** Deletes the sessions with their secrets. */
    remove: (gone: ReadonlyArray<Session>) => {
      sessions.remove(gone)
      gone.forEach(({ id }) => secrets.delete(id))
    }
  }
})

export type MemoryState = Effect.Success<typeof make>
