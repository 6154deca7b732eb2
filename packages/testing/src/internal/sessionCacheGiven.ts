/** What the cases of `SessionCacheSuite` begin with, and ask of the cache. */
import { assert } from "@effect/vitest"
import { CachedSession, routingTag, SecretHash, SessionCache, SessionId, UserId } from "@sojourn/core"
import { DateTime, Duration, Effect, Option, Schema } from "effect"

export const start = DateTime.makeUnsafe("2026-01-01T00:00:00Z")
export const after = (duration: Duration.Input) => DateTime.addDuration(start, duration)
export const beforeTheEndOf = (session: CachedSession, duration: Duration.Input) =>
  DateTime.subtractDuration(session.activeUntil, duration)

let last = 0
/** Ids and users that no other test uses: the Layer, and what it keeps, belongs to the whole suite. */
export const newId = () => SessionId.make(`0199b2a0-0000-7000-8000-${(++last).toString(16).padStart(12, "0")}`)
export const newUser = () => UserId.make(`user-${++last}`)

/** Any session, and any idle timeout up to the longest: the schema alone generates short ones. */
export const generated = {
  any: CachedSession,
  idle: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 630_720_000_000 }))
}
export const fresh = ({ any, idle }: { readonly any: CachedSession; readonly idle: number }) =>
  CachedSession.make({
    ...any,
    id: newId(),
    idleTimeout: idle === 0 ? Option.none() : Option.some(Duration.millis(idle))
  })
export const sessionOf = (userId: UserId, life: Duration.Input = "30 days") =>
  CachedSession.make({
    id: newId(),
    userId,
    secretHash: SecretHash.make("0f".repeat(32)),
    createdAt: start,
    lastActivityAt: start,
    expiresAt: after(life),
    trusted: false
  })

export const put = (session: CachedSession, fenced: ReadonlyArray<SessionId> = [], now = start) =>
  SessionCache.use((cache) => cache.put(session, fenced, now))
export const fill = (session: CachedSession, now = start) => SessionCache.use((cache) => cache.fill(session, now))
export const get = (session: CachedSession, now = start) =>
  SessionCache.use((cache) => cache.get(session.id, routingTag(session.userId), now))
export const fence = (sessions: readonly [CachedSession, ...Array<CachedSession>], now = start) =>
  SessionCache.use((cache) => cache.fence(sessions[0].userId, sessions.map(({ id }) => id), now))
export const touch = (session: CachedSession, now = start) => SessionCache.use((cache) => cache.touch(session, now))
export const index = (userId: UserId, now = start) => SessionCache.use((cache) => cache.index(userId, now))

/** Two users whose keys a cluster keeps in the same place. */
export const neighbours = (): readonly [UserId, UserId] => {
  const byTag = new Map<string, UserId>()
  for (let at = 0;; at++) {
    const user = UserId.make(`neighbour-${at}-${last}`)
    const other = byTag.get(routingTag(user))
    if (other !== undefined) return [other, user]
    byTag.set(routingTag(user), user)
  }
}

/** How long the cache may go on with what it has. */
export interface Bounds {
  /** Without being confirmed by the store. */
  readonly bound: Duration.Duration
  /** With a front cache before it, which may go on for a while more: the two together. */
  readonly total: Duration.Duration
}

/** It is neither found nor in the index. */
export const assertAbsent = Effect.fnUntraced(function*(session: CachedSession, now = start) {
  assert.deepStrictEqual(yield* get(session, now), Option.none())
  assert.notInclude(yield* index(session.userId, now), session.id)
})
