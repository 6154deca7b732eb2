/** What the cases of the suites start from, in a store that others use as well. */
import {
  Actor,
  type CredentialRepo,
  EventLog,
  type Limit,
  parseIpAddress,
  Session,
  SessionEnd,
  SessionRepo,
  SessionRules,
  User,
  type UserId,
  UserRepo
} from "@sojourn/core"
import { type DateTime, Duration, Effect, Option, Schedule } from "effect"
import type { SecureRandom } from "effect/crypto"
import { addresses, after, candidate, freshUserId, now, type SessionFields } from "../Fixtures.ts"
import { SessionSeed } from "../SessionSeed.ts"

/** What a case may use of the store that is tested. */
export type Store = SessionRepo | UserRepo | EventLog | SecureRandom.SecureRandom

/** A store that keeps the secrets, too. */
export type CredentialStore = Store | CredentialRepo

/** A store in which a case may begin with sessions in any state. */
export type SeededStore = Store | SessionSeed

/** The rules when nobody has chosen any. */
export const byDefault = SessionRules.make({})

/** A session that began so many hours ago and has not been used since. */
export const live = (hoursAgo: number): SessionFields => ({ createdAt: after(Duration.hours(-hoursAgo)) })

/** A session that reached its end ten days ago. */
export const expired: SessionFields = { createdAt: after("-40 days"), expiresAt: after("-10 days") }

/** A session that is over from this moment on. */
export const justOver: SessionFields = { createdAt: after("-1 day"), expiresAt: now }

/** A session that went without activity for too long. */
export const idle: SessionFields = {
  createdAt: after("-2 days"),
  idleTimeout: Option.some(Duration.days(1))
}

/** An administrator at an address of their own. */
export const ada = Actor.make({
  kind: "administrator",
  id: Option.some("ada"),
  ipAddress: parseIpAddress(addresses.documentationIpv6)
})

/** What an administrator does to all sessions of a user. */
export const passwordChanged = SessionEnd.make({ at: now, reason: "password_changed", actor: ada })

/** Admits a session made of these fields. */
export const admit = Effect.fnUntraced(
  function*(fields: SessionFields & { readonly userId: UserId }, rules: SessionRules = byDefault) {
    const repo = yield* SessionRepo
    const asking = yield* candidate(fields)
    const admission = yield* repo.admit(asking, rules)
    return { ...asking, ...admission }
  }
)

const seed = (fields: Parameters<typeof Session.make>[0]) =>
  SessionSeed.use((sessions) => sessions.put(Session.make(fields)))

/** Gives the user a limit of their own. */
export const setLimit = (userId: UserId, limit: Limit) =>
  UserRepo.use((users) => users.put(User.make({ id: userId, maxSessions: Option.some(limit) })))

/** A new user with this limit, who has all of these sessions already, even if they are over it. */
export const givenUser = Effect.fnUntraced(function*(limit: Limit, sessions: ReadonlyArray<SessionFields> = []) {
  const userId = yield* freshUserId
  yield* setLimit(userId, "unlimited")
  const admitted = yield* Effect.forEach(sessions, (fields) => admit({ ...fields, userId }))
  yield* setLimit(userId, limit)
  return { userId, ids: admitted.map(({ session }) => session.id), sessions: admitted.map(({ session }) => session) }
})

/** The session was used so many hours ago. */
export const use = (session: Session | undefined, hoursAgo: number) =>
  seed({ ...session!, lastActivityAt: after(Duration.hours(-hoursAgo)) })

/** The sessions are on trusted devices. */
export const trust = (...sessions: ReadonlyArray<Session | undefined>) =>
  Effect.forEach(sessions, (session) => seed({ ...session!, trusted: true }), { discard: true })

const listed = (userId: UserId, at: DateTime.Utc, all: boolean) =>
  SessionRepo.use((repo) => repo.list({ userId, now: at, all, before: Option.none(), limit: 1000 }))

/** The user's sessions in whatever state, newest first. */
export const sessionsOf = (userId: UserId) => Effect.map(listed(userId, now, true), ({ sessions }) => sessions)

/** Those that are active at a time, newest first. */
export const activeOf = (userId: UserId, at: DateTime.Utc = now) =>
  Effect.map(listed(userId, at, false), ({ sessions }) => sessions)

/** How many sessions the user has in all, and how many of them are active at a time. */
export const countOf = (userId: UserId, at: DateTime.Utc = now) =>
  Effect.map(listed(userId, at, false), ({ active, total }) => ({ total, active }))

/** The user's events, at least so many: a store may hold them back for as long as an older commit is under way. */
export const eventsOf = Effect.fnUntraced(function*(userId: UserId, atLeast: number) {
  const log = yield* EventLog
  const logged = yield* log.read({ after: 0, limit: 1000, userId: Option.some(userId) }).pipe(
    Effect.repeat({
      until: (events) => events.length >= atLeast,
      schedule: Schedule.spaced("20 millis"),
      times: 250
    })
  )
  return logged.map(({ event }) => event)
})

/** Fails as it must; gives the fields of the error, because Chai compares errors by name and message alone. */
export const failure = <A, E extends object, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<object, A, R> =>
  Effect.map(Effect.flip(effect), (error) => ({ ...error }))

/** All that is kept of the user, to tell that nothing was written. */
export const allOf = Effect.fnUntraced(function*(userId: UserId, atLeastEvents = 0) {
  return { sessions: yield* sessionsOf(userId), events: yield* eventsOf(userId, atLeastEvents) }
})
