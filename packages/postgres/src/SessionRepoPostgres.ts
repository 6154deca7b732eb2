/** The authority on sessions in PostgreSQL 14 or newer. */
import { type Candidate, SessionRepo, type SessionRules } from "@sojourn/core"
import { useInnerSpan, withInnerSpan, withinSpan } from "@sojourn/core/InnerSpan"
import { type Context, DateTime, Effect, Layer, Option } from "effect"
import type { SqlClient } from "effect/sql"
import * as Admissions from "./Admissions.ts"
import { make as makeAdmit } from "./Admit.ts"
import { AnswerTimeout, inTime } from "./AnswerTimeout.ts"
import type { EndingRow } from "./EndedRow.ts"
import * as EnforceLimit from "./EnforceLimit.ts"
import { eventColumns, type EventRow, toEvents } from "./EventRow.ts"
import * as ListSessions from "./ListSessions.ts"
import { alone } from "./LockWait.ts"
import { repoError } from "./RepoError.ts"
import * as Revocations from "./Revocations.ts"
import { endingOf, make as makeRevoke } from "./RevokeStatements.ts"
import { reading, rowsOf } from "./Rows.ts"
import { schemaSql } from "./SchemaSql.ts"
import type { Apart } from "./Sending.ts"
import { sessionColumns, sessionOf, type SessionRow } from "./SessionRow.ts"
import * as UserEndings from "./UserEndings.ts"

/** How logins are batched. */
export type Options = Admissions.Options

/** Every operation but `forget` is one statement; logins that come at the same time share one, and so do ends of single sessions. */
export const layer = (options: Options = {}): Layer.Layer<SessionRepo, never, SqlClient.SqlClient> =>
  Layer.effect(
    SessionRepo,
    Effect.gen(function*() {
      const { isInTransaction, own, sql } = yield* schemaSql
      const columns = sql.literal(sessionColumns)
      const timeout = yield* AnswerTimeout
      const answered = inTime(timeout, repoError)
      const waiting = alone(sql, timeout)
      const apart = (operation: string): Apart<string> => (statement, user) =>
        Effect.mapError(waiting(statement, user), repoError(operation))
      const enforceLimit = yield* EnforceLimit.make
      const list = yield* ListSessions.make
      const { endAll, erase, forget } = yield* UserEndings.make

      const admit = yield* makeAdmit
      const admitTogether = yield* Admissions.make(
        (candidates, rules, wait) => answered("admit")(admit(candidates, rules, wait)),
        apart("admit"),
        options
      )

      const revoke = yield* makeRevoke
      const revokeTogether = yield* Revocations.make({
        one: (revocation, wait) => answered("end")(revoke.one(revocation, wait)),
        several: (revocations) => answered("end")(revoke.several(revocations))
      }, apart("end"))

      const inTransaction = Effect.contextWith((context: Context.Context<never>) =>
        Effect.succeed(isInTransaction(context))
      )

      const admitInside = Effect.fnUntraced(function*(candidate: Candidate, rules: SessionRules) {
        const [outcome] = yield* answered("admit")(admit([candidate], rules, true))
        return yield* outcome === undefined || outcome === "Busy"
          ? Effect.fail(repoError("admit")(new Error("The statement gave no outcome")))
          : Effect.fromResult(outcome)
      })

      return SessionRepo.of({
        isInTransaction,

        // The span is handed on, as to provide it takes as long as to make it.
        admit: (candidate, rules, late) =>
          useInnerSpan("SessionRepo.admit", {}, (span, context) =>
            isInTransaction(context)
              ? withinSpan(span)(admitInside(candidate, rules))
              : admitTogether(candidate, rules, span, late)),

        enforceLimit,

        find: Effect.fnUntraced(
          function*(sessionId) {
            const [row] = yield* rowsOf<SessionRow>(
              sql`SELECT ${columns} FROM ${own("sessions")} WHERE id = ${sessionId}::uuid`
            )
            return row === undefined ? Option.none() : Option.some(yield* reading(() => sessionOf(row)))
          },
          answered("find"),
          withInnerSpan("SessionRepo.find")
        ),

        list,

        end: Effect.fnUntraced(function*(sessionId, end, { owner, reuse }, late) {
          const revocation = { sessionId, end, owner, reuse }
          const tellLate = (row: EndingRow) =>
            late === undefined ? Effect.void : Effect.ignore(Effect.flatMap(endingOf(revocation, row), late))
          const row = yield* (yield* inTransaction)
            ? answered("end")(revoke.one(revocation, true))
            : revokeTogether(revocation, tellLate)
          return yield* endingOf(revocation, row)
        }, withInnerSpan("SessionRepo.end")),

        endAll,

        sweep: Effect.fn("SessionRepo.sweep")(
          function*(now, limit) {
            const rows = yield* sql<EventRow>`
              SELECT ${sql.literal(eventColumns)} FROM ${own("sweep")}(${DateTime.toDate(now)}, ${limit})
              ORDER BY position`
            return yield* Effect.fromResult(toEvents(rows))
          },
          answered("sweep")
        ),

        erase,
        forget,

        purge: Effect.fn("SessionRepo.purge")(
          function*(before, limit) {
            const [row] = yield* sql<{ readonly purged: bigint }>`
              SELECT ${own("purge")}(${DateTime.toDate(before)}::timestamptz, ${limit}) AS purged`
            return Number(row?.purged)
          },
          answered("purge")
        ),

        afterCommit: (effect) => sql.afterCommit(effect)
      })
    })
  )
