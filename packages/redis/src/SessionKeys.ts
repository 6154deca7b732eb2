/** The names of the keys. All keys of a user carry the same hash tag, so that a cluster keeps them in one place. */
import { type RoutingTag, routingTag, type SessionId, type UserId } from "@sojourn/core"

/** How keys are named under a prefix. */
export interface SessionKeys {
  /** The entry, or the tombstone, of a session: `sojourn:{a1b2}:s:<session id>`. */
  readonly session: (sessionId: SessionId, tag: RoutingTag) => string
  /** The sorted set of a user's session ids, scored by expiry: `sojourn:{a1b2}:u:<user id>`. */
  readonly index: (userId: UserId, tag: RoutingTag) => string
  /** The index of a user, followed by the keys of some of their sessions. */
  readonly ofUser: (userId: UserId, sessionIds: ReadonlyArray<SessionId>) => ReadonlyArray<string>
}

export const make = (prefix: string): SessionKeys => {
  const session = (sessionId: SessionId, tag: RoutingTag) => `${prefix}:{${tag}}:s:${sessionId}`
  const index = (userId: UserId, tag: RoutingTag) => `${prefix}:{${tag}}:u:${userId}`
  return {
    session,
    index,
    ofUser: (userId, sessionIds) => {
      const tag = routingTag(userId)
      return [index(userId, tag), ...sessionIds.map((id) => session(id, tag))]
    }
  }
}
