/** The authority on sessions in PostgreSQL 14 or newer. */
import {
  type Candidate,
  EvictionFailed,
  KeptSessionNotActive,
  SessionEnd,
  SessionRepo,
  type SessionRepoError,
  type SessionRules,
  type UserId,
  UserNotFound
} from "@sojourn/core"
import { useInnerSpan, withInnerSpan, withinSpan } from "@sojourn/core/InnerSpan"
import { Context, DateTime, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import * as Admissions from "./Admissions.ts"
import { make as makeAdmit, repoError, ruleParameters } from "./Admit.ts"
import { AnswerTimeout, inTime } from "./AnswerTimeout.ts"
import { isKeptNotActive } from "./DatabaseError.ts"
import { DatabaseSchema } from "./DatabaseSchema.ts"
import { type EndedRow, type EndingRow, endings } from "./EndedRow.ts"
import { eventColumns, type EventRow, toEvents } from "./EventRow.ts"
import { type Evicted, evictionEvents, type Expired, expiryEvents } from "./Evicted.ts"
import { alone, locking } from "./LockWait.ts"
import * as Revocations from "./Revocations.ts"
import { endingOf, make as makeRevoke } from "./RevokeStatements.ts"
import { reading, rowsOf } from "./Rows.ts"
import { sessionColumns, sessionOf, type SessionRow } from "./SessionRow.ts"
import { list } from "./sql/list.ts"

export type Options = Admissions.Options

/** The columns, as the driver gives them. */
interface EnforcedRow {
  readonly max_sessions: number | null
  readonly active: number
  readonly protected: number
  readonly evicted: ReadonlyArray<Evicted> | null
  readonly expired: ReadonlyArray<Expired> | null
}

/** Without a session on the page there is one row, with the counts alone. */
type ListedRow = readonly [total: number, active: number, ...session: SessionRow | readonly [id: null]]

const listedSession = ([, , ...session]: ListedRow) => session[0] === null ? [] : [sessionOf(session)]

/** A statement about so many rows is far below any statement timeout. */
const forgottenAtOnce = 5000

/** Every operation but `forget` is one statement; logins that come at the same time share one, and so do ends of single sessions. */
export const layer = (options: Options = {}): Layer.Layer<SessionRepo, never, SqlClient.SqlClient> =>
  Layer.effect(
    SessionRepo,
    Effect.gen(function*() {
      const sql = (yield* SqlClient.SqlClient).withoutTransforms()
      const schema = yield* DatabaseSchema
      const sessions = sql(`${schema}.sessions`)
      const columns = sql.literal(sessionColumns)
      const lists = (all: boolean) => ({
        first: list(schema, sessionColumns, { all, before: false }),
        next: list(schema, sessionColumns, { all, before: true })
      })
      const listAll = lists(true)
      const listActive = lists(false)
      const admit = yield* makeAdmit
      const timeout = yield* AnswerTimeout
      const answered = inTime(timeout, repoError)
      const locked = locking(sql)
      const admitAlone: Admissions.AdmitStatement = (candidates, rules, wait) =>
        answered("admit")(alone(sql)(admit(candidates, rules, wait)))
      const admitTogether = yield* Admissions.make(
        (candidates, rules, wait) => answered("admit")(admit(candidates, rules, wait)),
        admitAlone,
        options
      )
      const revoke = yield* makeRevoke
      const revokeTogether = yield* Revocations.make({
        one: (revocation, wait) =>
          answered("end")(
            wait ? alone(sql)(revoke.one(revocation, true)) : revoke.one(revocation, false)
          ),
        several: (revocations) => answered("end")(revoke.several(revocations))
      })

      const isInTransaction = (context: Context.Context<never>) =>
        Option.isSome(Context.getOption(context, sql.transactionService))
      const inTransaction = Effect.contextWith((context: Context.Context<never>) =>
        Effect.succeed(isInTransaction(context))
      )

      const admitInside = Effect.fnUntraced(function*(candidate: Candidate, rules: SessionRules) {
        const [outcome] = yield* admit([candidate], rules, true)
        return yield* outcome === undefined || outcome === "Busy"
          ? Effect.fail(repoError("admit")(new Error("The statement gave no outcome")))
          : Effect.fromResult(outcome)
      })

      const forgetAfter = (userId: UserId, after: bigint): Effect.Effect<void, SessionRepoError> =>
        sql<{ readonly next: bigint | null }>`
          SELECT ${sql(`${schema}.forget_user`)}(${userId}, ${after}, ${forgottenAtOnce}) AS next
        `.pipe(
          answered("forget"),
          Effect.flatMap(([row]) => row?.next == null ? Effect.void : forgetAfter(userId, row.next))
        )

      return SessionRepo.of({
        isInTransaction,

        // The span is handed on, as to provide it takes as long as to make it.
        admit: (candidate, rules, late) =>
          useInnerSpan("SessionRepo.admit", {}, (span) =>
            Effect.flatMap(inTransaction, (isInside) =>
              isInside
                ? withinSpan(span)(admitInside(candidate, rules))
                : admitTogether(candidate, rules, span, late))),

        enforceLimit: Effect.fn("SessionRepo.enforceLimit")(function*(userId, rules, now) {
          const { atLimit, protectActiveMillis, protectTrusted } = ruleParameters(rules)
          const [row] = yield* locked((wait) =>
            sql<EnforcedRow>`
            SELECT * FROM ${sql(`${schema}.enforce_limit`)}(
              ${wait}, ${userId}, ${DateTime.toDate(now)}, ${atLimit}, ${protectTrusted}, ${protectActiveMillis}
            )`
          ).pipe(answered("enforceLimit"))
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
        }),

        find: Effect.fnUntraced(
          function*(sessionId) {
            const [row] = yield* rowsOf<SessionRow>(
              sql`SELECT ${columns} FROM ${sessions} WHERE id = ${sessionId}::uuid`
            )
            return row === undefined ? Option.none() : Option.some(yield* reading(() => sessionOf(row)))
          },
          answered("find"),
          withInnerSpan("SessionRepo.find")
        ),

        list: Effect.fnUntraced(
          function*({ all, before, limit, now, userId }) {
            const { first: page, next } = all ? listAll : listActive
            const parameters = [userId, DateTime.toDate(now), limit]
            const rows = yield* Option.match(before, {
              onNone: () => rowsOf<ListedRow>(sql.unsafe(page, parameters)),
              onSome: ({ createdAt, id }) =>
                rowsOf<ListedRow>(sql.unsafe(next, [...parameters, DateTime.toDate(createdAt), id]))
            })
            const [[total, active] = [0, 0]] = rows
            return { sessions: yield* reading(() => rows.flatMap(listedSession)), total, active }
          },
          answered("list"),
          withInnerSpan("SessionRepo.list")
        ),

        end: Effect.fnUntraced(function*(sessionId, end, { owner, reuse }, late) {
          const revocation = { sessionId, end, owner, reuse }
          const tellLate = (row: EndingRow) =>
            late === undefined ? Effect.void : Effect.ignore(Effect.flatMap(endingOf(revocation, row), late))
          const row = yield* (yield* inTransaction)
            ? answered("end")(revoke.one(revocation, true))
            : revokeTogether(revocation, tellLate)
          return yield* endingOf(revocation, row)
        }, withInnerSpan("SessionRepo.end")),

        endAll: Effect.fn("SessionRepo.endAll")(
          function*(userId, except, end) {
            const rows = yield* locked((wait) =>
              sql<EndedRow>`
              SELECT * FROM ${sql(`${schema}.end_all`)}(
                ${wait}, ${userId}, ${Option.getOrNull(except)}::uuid, ${DateTime.toDate(end.at)}, ${end.reason},
                ${end.actor.kind}, ${Option.getOrNull(end.actor.id)}, ${Option.getOrNull(end.actor.ipAddress)}::inet
              )`
            )
            return yield* reading(() => endings(userId, except, end, rows))
          },
          (effect, userId, except) =>
            Effect.mapError(Effect.timeout(effect, timeout), (error) =>
              Option.isSome(except) && isKeptNotActive(error)
                ? new KeptSessionNotActive({ userId, sessionId: except.value })
                : repoError("endAll")(error))
        ),

        sweep: Effect.fn("SessionRepo.sweep")(
          function*(now, limit) {
            const rows = yield* sql<EventRow>`
              SELECT ${sql.literal(eventColumns)} FROM ${sql(`${schema}.sweep`)}(${DateTime.toDate(now)}, ${limit})
              ORDER BY position`
            return yield* Effect.fromResult(toEvents(rows))
          },
          answered("sweep")
        ),

        erase: Effect.fn("SessionRepo.erase")(
          function*(userId, actor, now) {
            const rows = yield* locked((wait) =>
              sql<EndedRow>`
              SELECT * FROM ${sql(`${schema}.erase_user`)}(
                ${wait}, ${userId}, ${DateTime.toDate(now)}, ${actor.kind}, ${Option.getOrNull(actor.id)},
                ${Option.getOrNull(actor.ipAddress)}::inet
              )`
            )
            const end = SessionEnd.make({ at: now, reason: "user_deleted", actor })
            return yield* reading(() => endings(userId, Option.none(), end, rows))
          },
          answered("erase")
        ),

        forget: Effect.fn("SessionRepo.forget")((userId) => forgetAfter(userId, 0n)),

        purge: Effect.fn("SessionRepo.purge")(
          function*(before, limit) {
            const [row] = yield* sql<{ readonly purged: bigint }>`
              SELECT ${sql(`${schema}.purge`)}(${DateTime.toDate(before)}::timestamptz, ${limit}) AS purged`
            return Number(row?.purged)
          },
          answered("purge")
        ),

        afterCommit: (effect) => sql.afterCommit(effect)
      })
    })
  )
