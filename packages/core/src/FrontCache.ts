/** A cache inside the process in front of a shared one: no round trip for a session that was just validated. */
import { Clock, type DateTime, Duration, Effect, Layer, Metric, Option, Schema, Stream } from "effect"
import { type CachedSession, isLaterSecret } from "./CachedSession.ts"
import { type CacheInvalidation, CacheInvalidations } from "./CacheInvalidations.ts"
import { dropOldest } from "./DropOldest.ts"
import { type FrontEntry, hasHash, hasSecretOf, makeToEntry, toSession } from "./FrontEntry.ts"
import { activeUntilMillis } from "./Lifetime.ts"
import { SessionCache, StalenessBound, StalenessPromise } from "./SessionCache.ts"
import type { SessionId } from "./SessionId.ts"
import { revocationLag } from "./SessionMetrics.ts"

/** The configured times add up to more than what is promised. */
export class StalenessTooLong extends Schema.TaggedError<StalenessTooLong>()("StalenessTooLong", {
  /** How long the front cache keeps a session: its `timeToLive`. */
  frontMillis: Schema.Finite,
  /** How long the shared cache keeps one: the `StalenessBound`. */
  sharedMillis: Schema.Finite,
  /** What both together may take: the `StalenessPromise`. */
  promisedMillis: Schema.Finite
}) {
  override get message() {
    return `An ended session could be accepted for ${this.frontMillis + this.sharedMillis} ms (front cache ` +
      `${this.frontMillis}, shared cache ${this.sharedMillis}), and ${this.promisedMillis} ms are promised; shorten one`
  }
}

/** How much the front cache keeps, and for how long. */
export interface Options {
  /** How many sessions are kept, and how many endings are remembered; the first in goes first. Default: 10,000. */
  readonly capacity?: number | undefined
  /** How long one is kept without asking the shared cache again. Default: 5 seconds. */
  readonly timeToLive?: Duration.Input | undefined
}

/**
 * Puts itself in front of the `SessionCache` that it is given, and listens to the `CacheInvalidations`; while they do
 * not listen it keeps nothing.
 *
 * An answer may arrive late, about a session that has ended or changed meanwhile. So what was asked at or before the
 * time at which news came is not kept, and a session that is known to have ended is not even asked for.
 */
export const layer = (
  options: Options = {}
): Layer.Layer<SessionCache, StalenessTooLong, SessionCache | CacheInvalidations> =>
  Layer.effect(
    SessionCache,
    Effect.gen(function*() {
      const shared = yield* SessionCache
      const { invalidations } = yield* CacheInvalidations
      const clock = yield* Clock.Clock
      const capacity = options.capacity ?? 10_000
      const frontMillis = Duration.toMillis(options.timeToLive ?? Duration.seconds(5))
      const sharedMillis = Duration.toMillis(yield* StalenessBound)
      const promisedMillis = Duration.toMillis(yield* StalenessPromise)
      if (frontMillis + sharedMillis > promisedMillis) {
        return yield* new StalenessTooLong({ frontMillis, sharedMillis, promisedMillis })
      }

      const entries = new Map<SessionId, FrontEntry>()
      const toEntry = makeToEntry()
      const news = new Map<SessionId, { readonly ended: boolean; readonly at: number }>()
      let listening = false
      /** When news came that are no longer remembered by session. */
      let forgottenAt = -Infinity

      const isEnded = (id: SessionId) => news.get(id)?.ended === true
      /** Trust is never taken back: who says otherwise has a copy from before. */
      const write = (session: CachedSession, until: number, before: FrontEntry | undefined) => {
        entries.set(session.id, toEntry(session, until, session.trusted || before?.trusted))
        dropOldest(entries, capacity)
      }
      /** In place of what was kept before. */
      const keep = (session: CachedSession, now: DateTime.Utc, before: FrontEntry | undefined) => {
        const askedAt = now.epochMilliseconds
        const until = Math.min(askedAt + frontMillis, activeUntilMillis(session))
        const known = news.get(session.id)
        if (before !== undefined) entries.delete(session.id)
        if (
          !listening || until <= askedAt || askedAt <= forgottenAt || known?.ended ||
          askedAt <= (known?.at ?? -Infinity)
        ) return
        write(session, until, before)
      }
      /** With another secret than the entry's, one of the two is out of date: neither is kept. */
      const learn = (session: CachedSession, now: DateTime.Utc) => {
        const entry = entries.get(session.id)
        if (entry === undefined || hasSecretOf(entry, session)) keep(session, now, entry)
        else entries.delete(session.id)
      }
      const forget = (old: { readonly at: number }) => {
        forgottenAt = Math.max(forgottenAt, old.at)
      }
      /** Whether any of it was not known yet. */
      const hearOf = (ids: ReadonlyArray<SessionId>, ended: boolean) => {
        const at = clock.currentTimeMillisUnsafe()
        let isNew = false
        for (const id of ids) {
          const known = news.get(id)
          if (known?.ended) continue
          isNew = true
          entries.delete(id)
          if (known !== undefined) news.delete(id)
          news.set(id, { ended, at })
          dropOldest(news, capacity, forget)
        }
        return isNew
      }

      const hear = (message: CacheInvalidation) => {
        switch (message._tag) {
          case "Ended":
            return hearOf(message.sessionIds, true)
              ? Metric.update(revocationLag, Math.max(0, clock.currentTimeMillisUnsafe() - message.at) / 1000)
              : Effect.void
          case "Changed":
            hearOf(message.sessionIds, false)
            return Effect.void
          case "Listening":
          case "Lost":
            listening = message._tag === "Listening"
            forgottenAt = clock.currentTimeMillisUnsafe()
            entries.clear()
            return Effect.void
        }
      }
      yield* Effect.forkScoped(Stream.runForEach(invalidations, hear), { startImmediately: true })

      const kept = (id: SessionId, now: number) => {
        const entry = entries.get(id)
        return entry !== undefined && now < entry.until ? entry : undefined
      }

      return SessionCache.of({
        peek: (id, hash, now) => {
          const entry = kept(id, now)
          return hasHash(entry, hash) ? toSession(id, entry, hash) : undefined
        },
        get: (id, tag, now) =>
          Effect.suspend(() => {
            const entry = kept(id, now.epochMilliseconds)
            if (entry !== undefined) return Effect.succeedSome(toSession(id, entry))
            if (isEnded(id)) return Effect.succeedNone
            return Effect.map(shared.get(id, tag, now), (found) => {
              if (isEnded(id)) return Option.none()
              if (Option.isSome(found)) learn(found.value, now)
              return found
            })
          }),
        put: (session, fenced, now) =>
          Effect.suspend(() => {
            hearOf(fenced, true)
            const entry = entries.get(session.id)
            if (entry === undefined || !isLaterSecret(entry, session)) keep(session, now, entry)
            return shared.put(session, fenced, now)
          }),
        fill: (session, now) =>
          Effect.suspend(() => {
            learn(session, now)
            return shared.fill(session, now)
          }),
        touch: (session, now) =>
          Effect.suspend(() => {
            const entry = entries.get(session.id)
            if (
              entry !== undefined && hasSecretOf(entry, session) &&
              entry.lastActivityAt <= session.lastActivityAt.epochMilliseconds
            ) {
              write(session, Math.min(entry.until, activeUntilMillis(session)), entry)
            }
            return shared.touch(session, now)
          }),
        fence: (userId, ids, now) =>
          Effect.suspend(() => {
            hearOf(ids, true)
            return shared.fence(userId, ids, now)
          }),
        unfenced: shared.unfenced,
        index: shared.index
      })
    })
  )
