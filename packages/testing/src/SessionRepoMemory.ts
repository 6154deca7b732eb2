/** Sessions and their events in memory, with the promises of a real store: for tests, and gone with the process. */
import {
  EventLog,
  Session,
  type SessionEvent,
  type SessionId,
  SessionRepo,
  SessionRepoError,
  type UserId,
  UserRepo
} from "@sojourn/core"
import { Array, Context, type DateTime, Effect, Layer, Option, Order, RcMap, Semaphore } from "effect"
import { SecureRandom } from "effect/crypto"
import * as EventLogMemory from "./EventLogMemory.ts"
import * as SessionChange from "./internal/SessionChange.ts"
import * as SessionTable from "./internal/SessionTable.ts"
import { byCreation, holdLimit, makeRoom } from "./LimitRule.ts"
import { SessionSeed } from "./SessionSeed.ts"

const idTaken = (id: SessionId) =>
  new SessionRepoError({
    operation: "admit",
    reason: "InvalidData",
    message: `There is a session ${id} already; every login needs an id of its own`,
    cause: "duplicate session id"
  })

/** A session as it is when it begins, whatever it says of itself. */
const begun = (session: Session): Session =>
  Session.make({
    ...session,
    lastActivityAt: session.createdAt,
    lastIpAddress: session.ipAddress,
    trusted: false,
    suspiciousActivityCount: 0,
    end: Option.none()
  })

const make = Effect.gen(function*() {
  const users = yield* UserRepo
  const random = yield* SecureRandom.SecureRandom
  const locks = yield* RcMap.make({ lookup: () => Semaphore.make(1) })
  const table = SessionTable.make()
  const events: Array<SessionEvent> = []

  /** Changes to one user's sessions happen one after the other. */
  const locked = <A, E>(userId: UserId, change: Effect.Effect<A, E, SecureRandom.SecureRandom>) =>
    Effect.scoped(Effect.flatMap(RcMap.get(locks, userId), (lock) => lock.withPermit(change))).pipe(
      Effect.provideService(SecureRandom.SecureRandom, random)
    )

  const limitOf = (userId: UserId, operation: string) =>
    users.limit(userId).pipe(
      Effect.catchTag("UserRepoError", (cause) =>
        Effect.fail(new SessionRepoError({ operation, reason: cause.reason, message: cause.message, cause })))
    )

  const activeAt = (userId: UserId, now: DateTime.Utc) => table.of(userId).filter((session) => session.isActive(now))

  /** One synchronous step, so that all of the changes are there or none, even if the fiber is interrupted. */
  const write = (...changes: ReadonlyArray<SessionChange.SessionChange>): ReadonlyArray<SessionEvent> => {
    const written = changes.flatMap((change) => change.events)
    table.write(changes.flatMap((change) => change.sessions))
    events.push(...written)
    return written
  }

  const repo = SessionRepo.of({
    admit: ({ eventId, session: asking }, rules) => {
      const session = begun(asking)
      const { createdAt: now, id, userId } = session
      return locked(
        userId,
        Effect.gen(function*() {
          const limit = yield* limitOf(userId, "admit")
          const victims = yield* Effect.fromResult(
            makeRoom({ userId, limit, active: activeAt(userId, now), now }, rules)
          )
          const evicted = yield* SessionChange.evicted(victims, now, Option.some(id))
          const written = yield* Effect.suspend(() =>
            Option.isSome(table.get(id))
              ? Effect.fail(idTaken(id))
              : Effect.succeed(write(evicted, SessionChange.created(session, eventId)))
          )
          return { evicted: victims.map((victim) => victim.id), events: written, bornEnded: false }
        })
      )
    },

    enforceLimit: (userId, rules, now) =>
      locked(
        userId,
        Effect.gen(function*() {
          const limit = yield* limitOf(userId, "enforceLimit")
          const victims = yield* Effect.fromResult(
            holdLimit({ userId, limit, active: activeAt(userId, now), now }, rules)
          )
          const change = yield* SessionChange.evicted(victims, now, Option.none())
          return { evicted: victims.map((victim) => victim.id), events: yield* Effect.sync(() => write(change)) }
        })
      ),

    endAll: (userId, except, end) =>
      locked(
        userId,
        Effect.gen(function*() {
          const ended = Array.sort(activeAt(userId, end.at), byCreation).filter((session) =>
            !Option.contains(except, session.id)
          )
          const change = yield* SessionChange.revoked(userId, ended, except, end)
          return { ended: ended.map((session) => session.id), events: yield* Effect.sync(() => write(change)) }
        })
      ),

    find: (id) => Effect.sync(() => table.get(id)),

    list: ({ activeAt: now, before, limit, userId }) =>
      Effect.sync(() =>
        Array.sort(table.of(userId), Order.flip(byCreation)).filter((session) =>
          Option.match(now, { onNone: () => true, onSome: (at) => session.isActive(at) }) &&
          Option.match(before, { onNone: () => true, onSome: (last) => byCreation(session, last) < 0 })
        ).slice(0, limit)
      ),

    count: (userId, now) =>
      Effect.sync(() => ({ total: table.of(userId).length, active: activeAt(userId, now).length })),

    purge: (before, limit) => Effect.sync(() => table.purge(before, limit)),

    afterCommit: (effect) => effect
  })

  return Context.make(SessionRepo, repo).pipe(
    Context.add(EventLog, EventLogMemory.make(events)),
    Context.add(SessionSeed, { put: (session) => Effect.sync(() => table.write([session])) })
  )
})

/** The repository and its event log. The limit is asked of `UserRepo` at each login, under the user's lock. */
export const layer: Layer.Layer<SessionRepo | EventLog | SessionSeed, never, UserRepo | SecureRandom.SecureRandom> =
  Layer.effectContext(make)
