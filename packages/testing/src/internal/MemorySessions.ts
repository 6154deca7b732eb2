/** The `SessionRepo` over the state in memory. */
import {
  KeptSessionNotActive,
  type Limit,
  NotSessionOwner,
  Session,
  SessionEnd,
  type SessionId,
  SessionNotFound,
  SessionRepo,
  SessionRepoError,
  type UserId,
  UserRepo
} from "@sojourn/core"
import { Array, DateTime, Effect, Option, Order } from "effect"
import { byCreation, holdLimit, makeRoom } from "../LimitRule.ts"
import { UserErasure } from "../UserErasure.ts"
import type { MemoryState } from "./MemoryState.ts"
import * as SessionChange from "./SessionChange.ts"
import { byEnd } from "./SessionTable.ts"

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

const newestFirst = Order.flip(byCreation)

export const make = Effect.fnUntraced(
  function*({ events, locked, lockedIfFree, remove, sessions, write }: MemoryState) {
    const users = yield* UserRepo
    const eraseUser = yield* UserErasure

    const limitOf = (userId: UserId, operation: string) =>
      users.limit(userId).pipe(
        Effect.catchTag("UserRepoError", (cause) =>
          Effect.fail(new SessionRepoError({ operation, reason: cause.reason, message: cause.message, cause })))
      )

    const dueOf = (userId: UserId, now: DateTime.Utc) =>
      sessions.of(userId).filter((session) => Option.isNone(session.end) && !session.isActive(now)).toSorted(byEnd)

    /** Under the user's lock, where there is a limit: ends what is over, so that nothing brings it back. */
    const endDue = (userId: UserId, limit: Limit, now: DateTime.Utc) =>
      Effect.sync(() => {
        const due = limit === "unlimited" ? [] : dueOf(userId, now)
        return { changes: due.map(SessionChange.expired), ids: due.map(({ id }) => id) }
      })

    const activeAt = (userId: UserId, now: DateTime.Utc) =>
      sessions.of(userId).filter((session) => session.isActive(now))

    /** Neither ended nor expired; an idle one counts, for an activity under way may keep it alive. */
    const notOver = (userId: UserId, now: DateTime.Utc) =>
      sessions.of(userId).filter(({ end, expiresAt }) => Option.isNone(end) && DateTime.isLessThan(now, expiresAt))

    /** Under the user's lock: ends what is not over, oldest first, but for one. */
    const endRest = Effect.fnUntraced(function*(userId: UserId, except: Option.Option<SessionId>, end: SessionEnd) {
      const ending = Array.sort(notOver(userId, end.at), byCreation).filter(({ id }) => !Option.contains(except, id))
      const shortlyBefore = DateTime.subtract(end.at, { minutes: 5 })
      const endedBefore = sessions.of(userId).filter((session) =>
        Option.exists(session.end, ({ at }) => DateTime.isGreaterThan(at, shortlyBefore))
      )
      const change = yield* SessionChange.revoked(userId, ending, except, end)
      return { ended: ending.map(({ id }) => id), endedBefore: endedBefore.map(({ id }) => id), change }
    })

    return SessionRepo.of({
      admit: ({ secretHash, session: asking }, rules) => {
        const session = begun(asking)
        const { createdAt: now, id, userId } = session
        return locked(
          userId,
          Effect.gen(function*() {
            const limit = yield* limitOf(userId, "admit")
            const due = yield* endDue(userId, limit, now)
            const victims = yield* Effect.fromResult(
              makeRoom({ userId, limit, active: activeAt(userId, now), now }, rules)
            ).pipe(Effect.tapError(() => Effect.sync(() => write(...due.changes))))
            const evicted = SessionChange.evicted(victims, now, Option.some(id))
            const written = yield* Effect.suspend(() =>
              Option.isSome(sessions.get(id))
                ? Effect.fail(idTaken(id))
                : Effect.succeed(write(...due.changes, evicted, SessionChange.created({ session, secretHash })))
            )
            return { evicted: victims.map((victim) => victim.id), expired: due.ids, events: written, bornEnded: false }
          })
        )
      },

      enforceLimit: (userId, rules, now) =>
        locked(
          userId,
          Effect.gen(function*() {
            const limit = yield* limitOf(userId, "enforceLimit")
            const due = yield* endDue(userId, limit, now)
            const victims = yield* Effect.fromResult(
              holdLimit({ userId, limit, active: activeAt(userId, now), now }, rules)
            ).pipe(Effect.tapError(() => Effect.sync(() => write(...due.changes))))
            const change = SessionChange.evicted(victims, now, Option.none())
            const written = yield* Effect.sync(() => write(...due.changes, change))
            return { evicted: victims.map((victim) => victim.id), expired: due.ids, events: written }
          })
        ),

      find: (id) => Effect.sync(() => sessions.get(id)),

      list: ({ all, before, limit, now, userId }) =>
        Effect.sync(() => {
          const whole = Array.sort(sessions.of(userId), newestFirst)
          const active = whole.filter((session) => session.isActive(now))
          const rest = Option.match(before, {
            onNone: () => all ? whole : active,
            onSome: (last) => (all ? whole : active).filter((session) => byCreation(session, last) < 0)
          })
          return { sessions: rest.slice(0, limit), total: whole.length, active: active.length }
        }),

      end: Effect.fnUntraced(function*(id, end, { owner, reuse }) {
        const found = yield* Effect.sync(() => sessions.get(id))
        if (Option.isNone(found)) return yield* new SessionNotFound({ sessionId: id })
        const { userId } = found.value
        if (Option.isSome(owner) && owner.value !== userId) {
          return yield* new NotSessionOwner({ sessionId: id, userId: owner.value })
        }
        return yield* locked(
          userId,
          Effect.gen(function*() {
            const session = Option.filter(sessions.get(id), (session) => Option.isNone(session.end))
            if (Option.isNone(session)) return { userId, changed: false, events: [] }
            const change = SessionChange.ended(session.value, end, reuse)
            return { userId, changed: true, events: yield* Effect.sync(() => write(change)) }
          })
        )
      }),

      endAll: (userId, except, end) =>
        locked(
          userId,
          Effect.gen(function*() {
            if (Option.isSome(except) && !activeAt(userId, end.at).some(({ id }) => id === except.value)) {
              return yield* new KeptSessionNotActive({ userId, sessionId: except.value })
            }
            const { change, ended, endedBefore } = yield* endRest(userId, except, end)
            return { ended, endedBefore, events: yield* Effect.sync(() => write(change)) }
          })
        ),

      sweep: Effect.fnUntraced(function*(now, limit) {
        const due = yield* Effect.sync(() => sessions.due(now).slice(0, limit))
        const swept = yield* Effect.forEach(
          Map.groupBy(due, ({ userId }) => userId),
          ([userId, theirs]) =>
            lockedIfFree(
              userId,
              Effect.gen(function*() {
                const ids = new Set(theirs.map(({ id }) => id))
                const stillDue = sessions.due(now).filter(({ id }) => ids.has(id))
                return yield* Effect.sync(() => write(...stillDue.map(SessionChange.expired)))
              })
            )
        )
        return swept.flatMap(Option.toArray).flat()
      }),

      erase: (userId, actor, now) =>
        locked(
          userId,
          Effect.gen(function*() {
            const end = SessionEnd.make({ at: now, reason: "user_deleted", actor })
            yield* Effect.sync(() => write(...dueOf(userId, now).map(SessionChange.expired)))
            const { change, ended, endedBefore } = yield* endRest(userId, Option.none(), end)
            const written = yield* Effect.sync(() => write(change))
            yield* eraseUser(userId)
            return { ended, endedBefore, events: written }
          })
        ),

      forget: (userId) =>
        Effect.sync(() => {
          remove(sessions.of(userId).filter(({ end }) => Option.isSome(end)))
          events.forget(userId)
        }),

      purge: (before, limit) =>
        Effect.sync(() => {
          const gone = sessions.endedBefore(before, limit)
          remove(gone)
          return gone.length
        }),

      afterCommit: (effect) => effect
    })
  }
)
