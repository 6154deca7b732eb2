/** `FrontCache` and the call of the shared cache, line by line, as steps. */
import { type CachedSession, type CacheInvalidation, isLaterSecret, type SessionId } from "@sojourn/core"
import type { Servers } from "./Servers.ts"
import { roundTrip, type Steps } from "./Steps.ts"
import { frontMillis } from "./World.ts"

/** Writes tell whether they were answered. */
export interface SmallCache {
  readonly get: (id: SessionId, now: number) => Steps<CachedSession | undefined>
  readonly put: (session: CachedSession, fenced: ReadonlyArray<SessionId>, now: number) => Steps<boolean>
  readonly fill: (session: CachedSession, now: number) => Steps<boolean>
  readonly touch: (session: CachedSession) => Steps<boolean>
  readonly fence: (ids: ReadonlyArray<SessionId>) => Steps<boolean>
}

export const shared = (servers: Servers): SmallCache => {
  const { dice, machine, redis } = servers
  function* write(operation: string, serve: () => void): Steps<boolean> {
    const what = `cache ${operation}`
    const wrong = servers.goesWrong() ? dice.pick(["lost", "unanswered", "late"] as const) : undefined
    if (wrong === "late") machine.later(`${what}, late`, serve)
    return yield* roundTrip(wrong === undefined ? what : `${what} is ${wrong}`, () => {
      if (wrong === undefined || wrong === "unanswered") serve()
      return wrong === undefined
    })
  }
  return {
    *get(id, now) {
      if (!servers.goesWrong()) return yield* roundTrip("cache get", () => redis.get(id, now))
      yield "cache get is lost"
      return undefined
    },
    put: (session, fenced, now) => write("put", () => servers.put(session, fenced, now)),
    fill: (session, now) => write("fill", () => redis.fill(session, now)),
    touch: (session) => write("touch", () => redis.touch(session)),
    fence: (ids) => write("fence", () => servers.fence(ids))
  }
}

export const front = (servers: Servers, cache: SmallCache) => {
  const { machine } = servers
  const entries = new Map<SessionId, { readonly session: CachedSession; readonly until: number }>()
  const news = new Map<SessionId, { readonly ended: boolean; readonly at: number }>()
  let listening = false
  let forgottenAt = -Infinity

  const isEnded = (id: SessionId) => news.get(id)?.ended === true
  const keep = (session: CachedSession, now: number) => {
    const until = Math.min(now + frontMillis, session.activeUntil.epochMilliseconds)
    const known = news.get(session.id)
    entries.delete(session.id)
    if (!listening || until <= now || now <= forgottenAt || known?.ended || now <= (known?.at ?? -Infinity)) return
    entries.set(session.id, { session, until })
  }
  const learn = (session: CachedSession, now: number) => {
    const entry = entries.get(session.id)
    if (entry === undefined || entry.session.secretHash === session.secretHash) keep(session, now)
    else entries.delete(session.id)
  }
  const hearOf = (ids: ReadonlyArray<SessionId>, ended: boolean) => {
    for (const id of ids) {
      if (isEnded(id)) continue
      entries.delete(id)
      news.set(id, { ended, at: machine.time })
    }
  }

  const fronted: SmallCache = {
    *get(id, now) {
      const entry = entries.get(id)
      if (entry !== undefined && now < entry.until) return entry.session
      if (isEnded(id)) return undefined
      const found = yield* cache.get(id, now)
      if (isEnded(id)) return undefined
      if (found !== undefined) learn(found, now)
      return found
    },
    put: (session, fenced, now) => {
      hearOf(fenced, true)
      const entry = entries.get(session.id)
      if (entry === undefined || !isLaterSecret(entry.session, session)) keep(session, now)
      return cache.put(session, fenced, now)
    },
    fill: (session, now) => {
      learn(session, now)
      return cache.fill(session, now)
    },
    touch: (session) => {
      const entry = entries.get(session.id)
      if (
        entry !== undefined && entry.session.secretHash === session.secretHash &&
        entry.session.lastActivityAt.epochMilliseconds <= session.lastActivityAt.epochMilliseconds
      ) {
        entries.set(session.id, { session, until: Math.min(entry.until, session.activeUntil.epochMilliseconds) })
      }
      return cache.touch(session)
    },
    fence: (ids) => {
      hearOf(ids, true)
      return cache.fence(ids)
    }
  }
  const hear = (message: CacheInvalidation) => {
    if (message._tag === "Ended" || message._tag === "Changed") {
      return hearOf(message.sessionIds, message._tag === "Ended")
    }
    listening = message._tag === "Listening"
    forgottenAt = machine.time
    entries.clear()
  }
  return { cache: fronted, hear }
}
