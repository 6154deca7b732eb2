/** What happens in the store and in the shared cache, each at one instant, and what the promises learn of it. */
import {
  Actor,
  type CachedSession,
  type Credential,
  type Rotation,
  type SecretHash,
  type Session,
  SessionEnd,
  type SessionId
} from "@sojourn/core"
import { Option } from "effect"
import type { Dice } from "./Dice.ts"
import type { Machine } from "./Machine.ts"
import type { Operation } from "./Operation.ts"
import type { Promises } from "./Promises.ts"
import type { RedisModel } from "./RedisModel.ts"
import type { StoreModel } from "./StoreModel.ts"

/** What goes over the channel: sessions that have ended, or secrets of a session that were replaced. */
export type News =
  | { readonly _tag: "Ended"; readonly sessionIds: ReadonlyArray<SessionId> }
  | {
    readonly _tag: "Changed"
    readonly sessionIds: ReadonlyArray<SessionId>
    readonly secrets: ReadonlyArray<SecretHash>
  }

export const system = Actor.make({ kind: "system" })

/** How a session that is no longer active ended. */
export const due = (session: Session): SessionEnd =>
  SessionEnd.make({
    at: session.activeUntil,
    reason: session.activeUntil.epochMilliseconds === session.expiresAt.epochMilliseconds ? "expired" : "idle",
    actor: system
  })

export class Servers {
  readonly machine: Machine
  readonly dice: Dice
  readonly store: StoreModel
  readonly redis: RedisModel
  readonly promises: Promises
  private readonly publish: (news: News) => void
  /** One in so many calls of the cache, and messages of the channel, goes wrong; 0: none does. */
  faults = 0

  constructor(
    parts: Pick<Servers, "machine" | "dice" | "store" | "redis" | "promises">,
    publish: (news: News) => void
  ) {
    this.machine = parts.machine
    this.dice = parts.dice
    this.store = parts.store
    this.redis = parts.redis
    this.promises = parts.promises
    this.publish = publish
  }

  goesWrong(): boolean {
    return this.faults > 0 && this.dice.once(this.faults)
  }

  private over(operation: Operation | undefined, ids: ReadonlyArray<SessionId>) {
    for (const id of ids) {
      this.promises.ended(id)
      operation?.ends.add(id)
    }
  }

  admit(operation: Operation | undefined, session: Session, secret: SecretHash) {
    const end = SessionEnd.make({ at: session.createdAt, reason: "session_limit_exceeded", actor: system })
    const expired = this.store.sweep(session.createdAt, due).map(({ id }) => id)
    const evicted = this.store.admit(session, secret, end)
    this.over(operation, [...expired, ...evicted])
    return { evicted, expired }
  }

  end(operation: Operation | undefined, id: SessionId, end: SessionEnd, isReuse: boolean): boolean {
    const { session } = this.store.rows.get(id)!
    if (operation !== undefined && isReuse && Option.isNone(session.end)) this.promises.suspected(operation)
    const changed = this.store.endOne(id, end)
    this.over(operation, [id])
    return changed
  }

  endAll(operation: Operation | undefined, except: SessionId | undefined, end: SessionEnd) {
    const ended = this.store.endAll(except, end)
    if (ended !== undefined) this.over(operation, [...ended.ended, ...ended.endedBefore])
    return ended
  }

  sweep(operation: Operation | undefined, now: Session["createdAt"]): ReadonlyArray<Session> {
    const swept = this.store.sweep(now, due)
    this.over(operation, swept.map(({ id }) => id))
    return swept
  }

  find(ids: ReadonlyArray<SessionId>): ReadonlyArray<Credential> {
    return this.store.find(ids)
  }

  rotate(operation: Operation | undefined, rotation: Rotation) {
    const outcome = this.store.rotate(rotation)
    if (outcome._tag === "Rotated") {
      this.promises.replaced(rotation.presented, rotation.now.epochMilliseconds)
      operation?.replaces.add(rotation.presented)
    }
    return outcome
  }

  put(session: CachedSession, fenced: ReadonlyArray<SessionId>, now: number) {
    const isOther = this.redis.put(session, fenced, now)
    const all = this.store.rows.get(session.id)?.secrets ?? []
    const secrets = all.slice(0, Math.max(0, all.indexOf(session.secretHash)))
    this.promises.put(secrets)
    if (isOther) this.publish({ _tag: "Changed", sessionIds: [session.id], secrets })
    this.tell(fenced)
  }

  fence(ids: ReadonlyArray<SessionId>) {
    this.redis.fence(ids)
    this.tell(ids)
  }

  private tell(sessionIds: ReadonlyArray<SessionId>) {
    for (const id of sessionIds) this.promises.fenced(id)
    if (sessionIds.length > 0) this.publish({ _tag: "Ended", sessionIds })
  }
}
