/** How a user's limit is held: who must go, or why nobody may. The whole rule, and nothing else. */
import {
  EvictionFailed,
  type Limit,
  type Session,
  SessionLimitExceeded,
  type SessionRules,
  type UserId
} from "@sojourn/core"
import { Array, DateTime, Option, Order, Result } from "effect"

/** What the rule looks at: a user, their limit, and the sessions that are active now. */
export interface Situation {
  readonly userId: UserId
  readonly limit: Limit
  readonly active: ReadonlyArray<Session>
  readonly now: DateTime.Utc
}

/** Oldest first; those of the same time by id. */
export const byCreation: Order.Order<Pick<Session, "createdAt" | "id">> = Order.combine(
  Order.mapInput(DateTime.Order, (session) => session.createdAt),
  Order.mapInput(Order.String, (session) => session.id)
)

/** Least recently used first; those of the same time by creation. */
const byActivity: Order.Order<Session> = Order.combine(
  Order.mapInput(DateTime.Order, (session: Session) => session.lastActivityAt),
  byCreation
)

const isProtected = (session: Session, rules: SessionRules, now: DateTime.Utc): boolean =>
  (rules.protectTrusted && session.trusted) ||
  Option.exists(
    rules.protectActiveWithin,
    (span) => DateTime.isGreaterThan(session.lastActivityAt, DateTime.subtractDuration(now, span))
  )

/** The first `excess` sessions that are not protected, in the order in which they go; all of them or none. */
const evict = (
  excess: number,
  { active, now, userId }: Situation,
  limit: number,
  rules: SessionRules
): Result.Result<ReadonlyArray<Session>, EvictionFailed> => {
  const evictable = active.filter((session) => !isProtected(session, rules, now))
  return evictable.length < excess
    ? Result.fail(
      new EvictionFailed({ userId, limit, active: active.length, protected: active.length - evictable.length })
    )
    : Result.succeed(
      Array.sort(evictable, rules.atLimit === "evict-least-recently-used" ? byActivity : byCreation).slice(0, excess)
    )
}

/** Who must go so that one more session fits. */
export const makeRoom = (
  situation: Situation,
  rules: SessionRules
): Result.Result<ReadonlyArray<Session>, SessionLimitExceeded | EvictionFailed> => {
  const { active, limit, userId } = situation
  if (limit === "unlimited" || active.length < limit) return Result.succeed([])
  if (limit === 0 || rules.atLimit === "reject") {
    return Result.fail(new SessionLimitExceeded({ userId, limit, active: active.length }))
  }
  return evict(active.length + 1 - limit, situation, limit, rules)
}

/** Who must go so that those that are there fit. A policy that rejects logins ends the oldest. */
export const holdLimit = (
  situation: Situation,
  rules: SessionRules
): Result.Result<ReadonlyArray<Session>, EvictionFailed> => {
  const { active, limit } = situation
  if (limit === "unlimited" || active.length <= limit) return Result.succeed([])
  return evict(active.length - limit, situation, limit, rules)
}
