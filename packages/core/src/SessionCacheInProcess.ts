/** The session cache for one process, for the embedded default and for tests. */
import { Clock, DateTime, Duration, Effect, Layer, Option } from "effect"
import { CachedSession, isLaterSecret } from "./CachedSession.ts"
import { dropOldest } from "./DropOldest.ts"
import { activeUntilMillis } from "./Lifetime.ts"
import { SessionCache, StalenessBound } from "./SessionCache.ts"
import type { SessionId } from "./SessionId.ts"
import type { UserId } from "./User.ts"

interface Entry {
  /** Undefined: a tombstone. */
  readonly session: CachedSession | undefined
  readonly until: number
}

/** How much is kept. */
export interface Options {
  /** How many entries, endings included; the one written first goes first. Default: 10,000. */
  readonly capacity?: number | undefined
}

/** Trust is never taken back: who says otherwise has a copy from before. */
const keepTrust = (before: CachedSession | undefined, session: CachedSession) =>
  before?.trusted && !session.trusted ? CachedSession.make({ ...session, trusted: true }) : session

/** Bounded in count and time, with the same fences as a cache that is shared. */
export const layer = (options: Options = {}): Layer.Layer<SessionCache> =>
  Layer.effect(
    SessionCache,
    Effect.gen(function*() {
      const capacity = options.capacity ?? 10_000
      const bound = Duration.toMillis(yield* StalenessBound)
      const clock = yield* Clock.Clock
      const entries = new Map<SessionId, Entry>()
      const indexes = new Map<UserId, Map<SessionId, number>>()

      /** When a tombstone was last given up for lack of room: what was on its way then may be about its session. */
      let forgottenAt = -Infinity

      const live = (id: SessionId, now: number) => {
        const entry = entries.get(id)
        return entry !== undefined && entry.until > now ? entry : undefined
      }
      const unindex = (userId: UserId, id: SessionId) => {
        const index = indexes.get(userId)
        index?.delete(id)
        if (index?.size === 0) indexes.delete(userId)
      }
      const forget = ({ session }: Entry) => {
        if (session === undefined) forgottenAt = clock.currentTimeMillisUnsafe()
        else unindex(session.userId, session.id)
      }
      const write = (id: SessionId, entry: Entry) => {
        entries.delete(id)
        entries.set(id, entry)
        dropOldest(entries, capacity, forget)
      }
      const drop = (userId: UserId, ids: ReadonlyArray<SessionId>, now: number) => {
        for (const id of ids) {
          write(id, { session: undefined, until: now + 2 * bound })
          unindex(userId, id)
        }
      }
      const prune = (userId: UserId, now: number) => {
        const index = indexes.get(userId) ?? new Map<SessionId, number>()
        for (const [id, until] of index) if (until <= now) index.delete(id)
        return index
      }
      const add = (session: CachedSession, now: number, deadline = now + bound) => {
        const until = activeUntilMillis(session)
        if (until <= now) return
        write(session.id, { session, until: Math.min(until, deadline) })
        indexes.set(session.userId, prune(session.userId, now).set(session.id, until))
      }

      const addUnlessLate = (session: CachedSession, now: number) => {
        if (now > forgottenAt) add(session, now)
      }

      return SessionCache.of({
        put: (session, fenced, now) =>
          Effect.sync(() => {
            drop(session.userId, fenced, now.epochMilliseconds)
            const entry = live(session.id, now.epochMilliseconds)
            const isOutdated = entry !== undefined &&
              (entry.session === undefined || isLaterSecret(entry.session, session))
            if (!isOutdated) addUnlessLate(keepTrust(entry?.session, session), now.epochMilliseconds)
          }),
        fill: (session, now) =>
          Effect.sync(() => {
            if (live(session.id, now.epochMilliseconds) === undefined) addUnlessLate(session, now.epochMilliseconds)
          }),
        touch: (session, now) =>
          Effect.sync(() => {
            const entry = live(session.id, now.epochMilliseconds)
            if (entry?.session?.secretHash !== session.secretHash) return
            if (DateTime.isLessThan(session.lastActivityAt, entry.session.lastActivityAt)) return
            add(keepTrust(entry.session, session), now.epochMilliseconds, entry.until)
          }),
        get: (id, _tag, now) => Effect.sync(() => Option.fromUndefinedOr(live(id, now.epochMilliseconds)?.session)),
        fence: (userId, ids, now) => Effect.sync(() => drop(userId, ids, now.epochMilliseconds)),
        unfenced: (sessions, now) =>
          Effect.sync(() =>
            sessions.filter(({ sessionId }) => {
              const entry = live(sessionId, now.epochMilliseconds)
              return entry === undefined || entry.session !== undefined
            })
          ),
        index: (userId, now) =>
          Effect.sync(() => {
            const index = prune(userId, now.epochMilliseconds)
            if (index.size === 0) indexes.delete(userId)
            return [...index].toSorted(([, a], [, b]) => a - b).map(([id]) => id)
          })
      })
    })
  )
