/**
 * What Redis does with the keys of sessions, one command at a time. A key has a time to live on the server's clock; a
 * value has a deadline besides, which readers hold against their own reading of the clock.
 */
import { type CachedSession, isLaterSecret, type SessionId } from "@sojourn/core"

interface Key {
  /** Undefined: a tombstone. */
  readonly session: CachedSession | undefined
  readonly deadline: number
  readonly goneAt: number
}

export class RedisModel {
  private readonly keys = new Map<SessionId, Key>()

  private readonly time: () => number
  private readonly bound: number

  constructor(time: () => number, bound: number) {
    this.time = time
    this.bound = bound
  }

  private at(id: SessionId): Key | undefined {
    const key = this.keys.get(id)
    return key !== undefined && this.time() < key.goneAt ? key : undefined
  }

  private set(session: CachedSession, now: number) {
    const use = Math.min(session.activeUntil.epochMilliseconds - now, this.bound)
    if (use > 0) this.keys.set(session.id, { session, deadline: now + use, goneAt: this.time() + use })
  }

  private isTombstone(key: Key | undefined) {
    return key !== undefined && key.session === undefined
  }

  get(id: SessionId, now: number): CachedSession | undefined {
    const key = this.at(id)
    return key?.session !== undefined && now < key.deadline ? key.session : undefined
  }

  /** Whether it took the place of an entry with another secret. */
  put(session: CachedSession, fenced: ReadonlyArray<SessionId>, now: number): boolean {
    this.fence(fenced)
    const old = this.at(session.id)
    if (this.isTombstone(old)) return false
    if (old?.session !== undefined && isLaterSecret(old.session, session)) return false
    this.set(session, now)
    return old !== undefined && old.session?.secretHash !== session.secretHash
  }

  fill(session: CachedSession, now: number) {
    if (this.at(session.id) === undefined) this.set(session, now)
  }

  touch(session: CachedSession) {
    const old = this.at(session.id)
    if (old?.session?.secretHash !== session.secretHash) return
    if (session.lastActivityAt.epochMilliseconds < old.session.lastActivityAt.epochMilliseconds) return
    this.keys.set(session.id, { ...old, session })
  }

  fence(ids: ReadonlyArray<SessionId>) {
    for (const id of ids) {
      this.keys.set(id, { session: undefined, deadline: 0, goneAt: this.time() + 2 * this.bound })
    }
  }

  clear() {
    this.keys.clear()
  }
}
