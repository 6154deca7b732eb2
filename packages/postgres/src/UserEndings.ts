/** The statements that end all sessions of a user, and forget them. */
import {
  type Actor,
  KeptSessionNotActive,
  SessionEnd,
  type SessionId,
  type SessionRepoError,
  type UserId
} from "@sojourn/core"
import { DateTime, Effect, Option } from "effect"
import { AnswerTimeout, inTime } from "./AnswerTimeout.ts"
import { isKeptNotActive } from "./DatabaseError.ts"
import { type EndedRow, endings } from "./EndedRow.ts"
import { locking } from "./LockWait.ts"
import { repoError } from "./RepoError.ts"
import { reading } from "./Rows.ts"
import { schemaSql } from "./SchemaSql.ts"

/** A statement about so many rows is far below any statement timeout. */
const forgottenAtOnce = 5000

/** Makes them. */
export const make = Effect.gen(function*() {
  const { own, sql } = yield* schemaSql
  const timeout = yield* AnswerTimeout
  const answered = inTime(timeout, repoError)
  const locked = locking(sql, timeout)

  const endAll = Effect.fn("SessionRepo.endAll")(
    function*(userId: UserId, except: Option.Option<SessionId>, end: SessionEnd) {
      const rows = yield* locked((wait) =>
        sql<EndedRow>`
        SELECT * FROM ${own("end_all")}(
          ${wait}, ${userId}, ${Option.getOrNull(except)}::uuid, ${DateTime.toDate(end.at)}, ${end.reason},
          ${end.actor.kind}, ${Option.getOrNull(end.actor.id)}, ${Option.getOrNull(end.actor.ipAddress)}::inet
        )`
      )
      return yield* reading(() => endings(userId, except, end, rows))
    },
    (effect, userId, except) =>
      Effect.mapError(effect, (error) =>
        Option.isSome(except) && isKeptNotActive(error)
          ? new KeptSessionNotActive({ userId, sessionId: except.value })
          : repoError("endAll")(error))
  )

  const erase = Effect.fn("SessionRepo.erase")(
    function*(userId: UserId, actor: Actor, now: DateTime.Utc) {
      const rows = yield* locked((wait) =>
        sql<EndedRow>`
        SELECT * FROM ${own("erase_user")}(
          ${wait}, ${userId}, ${DateTime.toDate(now)}, ${actor.kind}, ${Option.getOrNull(actor.id)},
          ${Option.getOrNull(actor.ipAddress)}::inet
        )`
      )
      const end = SessionEnd.make({ at: now, reason: "user_deleted", actor })
      return yield* reading(() => endings(userId, Option.none(), end, rows))
    },
    Effect.mapError(repoError("erase"))
  )

  const forgetAfter = (userId: UserId, after: bigint): Effect.Effect<void, SessionRepoError> =>
    sql<{ readonly next: bigint | null }>`SELECT ${own("forget_user")}(${userId}, ${after}, ${forgottenAtOnce}) AS next`
      .pipe(
        answered("forget"),
        Effect.flatMap(([row]) => row?.next == null ? Effect.void : forgetAfter(userId, row.next))
      )
  const forget = Effect.fn("SessionRepo.forget")((userId: UserId) => forgetAfter(userId, 0n))

  return { endAll, erase, forget }
})
