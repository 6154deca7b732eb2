/** The statement `enforce_limit`: ends what is over a user's limit. */
import { EvictionFailed, type SessionRules, type UserId, UserNotFound } from "@sojourn/core"
import { DateTime, Effect, Option } from "effect"
import { ruleParameters } from "./Admit.ts"
import { AnswerTimeout } from "./AnswerTimeout.ts"
import { type Evicted, evictionEvents, type Expired, expiryEvents } from "./Evicted.ts"
import { locking } from "./LockWait.ts"
import { repoError } from "./RepoError.ts"
import { reading } from "./Rows.ts"
import { schemaSql } from "./SchemaSql.ts"

/** The columns, as the driver gives them. */
interface EnforcedRow {
  readonly max_sessions: number | null
  readonly active: number
  readonly protected: number
  readonly evicted: ReadonlyArray<Evicted> | null
  readonly expired: ReadonlyArray<Expired> | null
}

/** Makes it. */
export const make = Effect.gen(function*() {
  const { own, sql } = yield* schemaSql
  const locked = locking(sql, yield* AnswerTimeout)
  return Effect.fn("SessionRepo.enforceLimit")(function*(userId: UserId, rules: SessionRules, now: DateTime.Utc) {
    const { atLimit, protectActiveMillis, protectTrusted } = ruleParameters(rules)
    const [row] = yield* locked((wait) =>
      sql<EnforcedRow>`
      SELECT * FROM ${own("enforce_limit")}(
        ${wait}, ${userId}, ${DateTime.toDate(now)}, ${atLimit}, ${protectTrusted}, ${protectActiveMillis}
      )`
    ).pipe(Effect.mapError(repoError("enforceLimit")))
    if (row === undefined) return yield* new UserNotFound({ userId })
    if (row.evicted === null) {
      return yield* new EvictionFailed({
        userId,
        limit: row.max_sessions ?? 0,
        active: row.active,
        protected: row.protected
      })
    }
    const { evicted, expired: due } = row
    const expired = due ?? []
    return yield* reading(() => ({
      evicted: evicted.map(({ sessionId }) => sessionId),
      expired: expired.map(({ sessionId }) => sessionId),
      events: [...expiryEvents(userId, expired), ...evictionEvents(userId, now, Option.none(), evicted)]
    })).pipe(Effect.mapError(repoError("enforceLimit")))
  })
})
