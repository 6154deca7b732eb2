/** The authority on sessions in PostgreSQL 14 or newer. */
import {
  EvictionFailed,
  KeptSessionNotActive,
  NotSessionOwner,
  SessionEnd,
  SessionNotFound,
  SessionRepo,
  type UserId,
  UserNotFound
} from "@sojourn/core"
import { DateTime, Effect, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as Admissions from "./Admissions.ts"
import { make as makeAdmit, repoError, ruleParameters } from "./Admit.ts"
import { AnswerTimeout, apart, inTime } from "./AnswerTimeout.ts"
import { isKeptNotActive } from "./DatabaseError.ts"
import { DatabaseSchema } from "./DatabaseSchema.ts"
import { decodeEnded, decodeEnding, ending, endings } from "./EndedRow.ts"
import { type EventRow, toEvents } from "./EventRow.ts"
import { EvictedJson, evictionEvents, ExpiredJson, expiryEvents } from "./Evicted.ts"
import { sessionColumns, SessionRow } from "./SessionRow.ts"
import { userKey } from "./sql/ofUser.ts"

export type Options = Admissions.Options

const decodeSessions = Schema.decodeUnknownEffect(Schema.Array(SessionRow))
const decodeEnforced = Schema.decodeUnknownEffect(Schema.Array(Schema.Struct({
  max_sessions: Schema.NullOr(Schema.Int),
  active: Schema.Int,
  protected: Schema.Int,
  evicted: Schema.NullOr(EvictedJson),
  expired: Schema.NullOr(ExpiredJson)
})))

interface CountedRow {
  readonly id: string | null
  readonly total: number
  readonly active: number
}

/** Every operation is one statement; logins that come at the same time share one. */
export const layer = (options: Options = {}): Layer.Layer<SessionRepo, never, SqlClient.SqlClient> =>
  Layer.effect(
    SessionRepo,
    Effect.gen(function*() {
      const sql = (yield* SqlClient.SqlClient).withoutTransforms()
      const schema = yield* DatabaseSchema
      const sessions = sql(`${schema}.sessions`)
      const columns = sql.literal(sessionColumns)
      const admit = yield* makeAdmit
      const timeout = yield* AnswerTimeout
      const answered = inTime(timeout, repoError)
      const of = (userId: UserId) =>
        sql`${
          sql.literal(userKey("user_id"))
        } = hashtextextended(${userId}, 0) AND coalesce(user_id = ${userId}, false)`
      // A transaction has its connection for itself, so that waiting for a lock holds up no other statement.
      const admitApart: Admissions.AdmitStatement = (candidates, rules, wait) =>
        answered("admit")(apart(sql.withTransaction(admit(candidates, rules, wait))))
      const admitTogether = yield* Admissions.make(
        (candidates, rules, wait) => answered("admit")(admit(candidates, rules, wait)),
        admitApart,
        options
      )

      const inTransaction = Effect.map(Effect.serviceOption(sql.transactionService), Option.isSome)

      return SessionRepo.of({
        admit: Effect.fn("SessionRepo.admit")(function*(candidate, rules) {
          if (!(yield* inTransaction)) return yield* admitTogether(candidate, rules)
          const [outcome] = yield* admit([candidate], rules, true)
          return yield* outcome === undefined || outcome === "Busy"
            ? Effect.fail(repoError("admit")(new Error("The statement gave no outcome")))
            : Effect.fromResult(outcome)
        }),

        enforceLimit: Effect.fn("SessionRepo.enforceLimit")(function*(userId, rules, now) {
          const { atLimit, protectActiveMillis, protectTrusted } = ruleParameters(rules)
          const [row] = yield* sql`
            SELECT * FROM ${sql(`${schema}.enforce_limit`)}(
              ${userId}, ${DateTime.toDate(now)}, ${atLimit}, ${protectTrusted}, ${protectActiveMillis}
            )`.pipe(Effect.flatMap(decodeEnforced), answered("enforceLimit"))
          if (row === undefined) return yield* new UserNotFound({ userId })
          if (row.evicted === null) {
            return yield* new EvictionFailed({
              userId,
              limit: row.max_sessions ?? 0,
              active: row.active,
              protected: row.protected
            })
          }
          const expired = row.expired ?? []
          return {
            evicted: row.evicted.map(({ sessionId }) => sessionId),
            expired: expired.map(({ sessionId }) => sessionId),
            events: [...expiryEvents(userId, expired), ...evictionEvents(userId, now, Option.none(), row.evicted)]
          }
        }),

        find: Effect.fn("SessionRepo.find")(
          function*(sessionId) {
            const rows = yield* sql`SELECT ${columns} FROM ${sessions} WHERE id = ${sessionId}::uuid`
            return Option.fromUndefinedOr((yield* decodeSessions(rows))[0])
          },
          answered("find")
        ),

        list: Effect.fn("SessionRepo.list")(
          function*({ all, before, limit, now, userId }) {
            // One branch an index: each is read backwards, only as far as the page reaches.
            const page = (state: "IS NULL" | "IS NOT NULL") =>
              sql`(SELECT * FROM ${sessions}
                WHERE ${of(userId)} AND ended_at ${sql.literal(state)}
                AND ${
                Option.match(before, {
                  onNone: () => sql`true`,
                  onSome: ({ createdAt, id }) =>
                    sql`(created_at, id) < (${DateTime.toDate(createdAt)}::timestamptz, ${id}::uuid)`
                })
              }
                AND ${all ? sql`true` : sql`${DateTime.toDate(now)}::timestamptz < active_until`}
                ORDER BY created_at DESC, id DESC LIMIT ${limit})`
            const found = all ? sql`${page("IS NULL")} UNION ALL ${page("IS NOT NULL")}` : page("IS NULL")
            const rows = yield* sql<CountedRow>`
              SELECT ${columns}, c.total, c.active FROM (
                SELECT count(*)::integer AS total, (count(*) FILTER (WHERE a.active))::integer AS active FROM (
                  SELECT ${DateTime.toDate(now)}::timestamptz < active_until AS active FROM ${sessions}
                  WHERE ${of(userId)} AND ended_at IS NULL
                  UNION ALL SELECT false FROM ${sessions} WHERE ${of(userId)} AND ended_at IS NOT NULL
                ) a
              ) c LEFT JOIN (${found}) s ON true ORDER BY created_at DESC, id DESC LIMIT ${limit}`
            const [first] = rows
            return {
              // Without a session on the page there is one row, with the counts alone.
              sessions: yield* decodeSessions(rows.filter((row) => row.id !== null)),
              total: first?.total ?? 0,
              active: first?.active ?? 0
            }
          },
          answered("list")
        ),

        end: Effect.fn("SessionRepo.end")(function*(sessionId, end, { owner, reuse }) {
          const rows = yield* sql`
            SELECT * FROM ${sql(`${schema}.end_session`)}(
              ${sessionId}::uuid, ${Option.getOrNull(owner)}, ${DateTime.toDate(end.at)}, ${end.reason},
              ${end.actor.kind}, ${Option.getOrNull(end.actor.id)}, ${Option.getOrNull(end.actor.ipAddress)}::inet,
              ${Option.getOrNull(reuse)}
            )`.pipe(Effect.flatMap(decodeEnding), answered("end"))
          const [row] = rows
          if (row === undefined) return yield* new SessionNotFound({ sessionId })
          const userId = Option.getOrElse(owner, () => row.user_id)
          if (userId !== row.user_id) return yield* new NotSessionOwner({ sessionId, userId })
          return ending(sessionId, end, reuse, row)
        }),

        endAll: Effect.fn("SessionRepo.endAll")(
          function*(userId, except, end) {
            const rows = yield* sql`
              SELECT * FROM ${sql(`${schema}.end_all`)}(
                ${userId}, ${Option.getOrNull(except)}::uuid, ${DateTime.toDate(end.at)}, ${end.reason},
                ${end.actor.kind}, ${Option.getOrNull(end.actor.id)}, ${Option.getOrNull(end.actor.ipAddress)}::inet
              )`
            return endings(userId, except, end, yield* decodeEnded(rows))
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
              SELECT * FROM ${sql(`${schema}.sweep`)}(${DateTime.toDate(now)}, ${limit}) ORDER BY position`
            return yield* Effect.fromResult(toEvents(rows))
          },
          answered("sweep")
        ),

        erase: Effect.fn("SessionRepo.erase")(
          function*(userId, actor, now) {
            const rows = yield* sql`
              SELECT * FROM ${sql(`${schema}.erase_user`)}(
                ${userId}, ${DateTime.toDate(now)}, ${actor.kind}, ${Option.getOrNull(actor.id)},
                ${Option.getOrNull(actor.ipAddress)}::inet
              )`
            const end = SessionEnd.make({ at: now, reason: "user_deleted", actor })
            return endings(userId, Option.none(), end, yield* decodeEnded(rows))
          },
          answered("erase")
        ),

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
