/** The authority on sessions in PostgreSQL 14 or newer. */
import { EvictionFailed, SessionRepo, UserNotFound } from "@sojourn/core"
import { DateTime, Effect, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as Admissions from "./Admissions.ts"
import { EvictedJson, evictionEvents, make as makeAdmit, repoError, ruleParameters } from "./Admit.ts"
import { DatabaseSchema } from "./DatabaseSchema.ts"
import { decodeEnded, endings } from "./EndedRow.ts"
import { sessionColumns, SessionRow } from "./SessionRow.ts"

export type Options = Admissions.Options

const decodeSessions = Schema.decodeUnknownEffect(Schema.Array(SessionRow))
const decodeEnforced = Schema.decodeUnknownEffect(Schema.Array(Schema.Struct({
  max_sessions: Schema.NullOr(Schema.Int),
  active: Schema.Int,
  protected: Schema.Int,
  evicted: Schema.NullOr(EvictedJson)
})))

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
      // A transaction has its connection for itself, so that waiting for a lock holds up no other statement.
      const admitApart: Admissions.AdmitStatement = (candidates, rules, wait) =>
        Effect.mapError(sql.withTransaction(admit(candidates, rules, wait)), repoError("admit"))
      const admitTogether = yield* Admissions.make(admit, admitApart, options)

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
            )`.pipe(Effect.flatMap(decodeEnforced), Effect.mapError(repoError("enforceLimit")))
          if (row === undefined) return yield* new UserNotFound({ userId })
          if (row.evicted === null) {
            return yield* new EvictionFailed({
              userId,
              limit: row.max_sessions ?? 0,
              active: row.active,
              protected: row.protected
            })
          }
          return {
            evicted: row.evicted.map(({ sessionId }) => sessionId),
            events: evictionEvents(userId, now, Option.none(), row.evicted)
          }
        }),

        find: Effect.fn("SessionRepo.find")(
          function*(sessionId) {
            const rows = yield* sql`SELECT ${columns} FROM ${sessions} WHERE id = ${sessionId}::uuid`
            return Option.fromUndefinedOr((yield* decodeSessions(rows))[0])
          },
          Effect.mapError(repoError("find"))
        ),

        list: Effect.fn("SessionRepo.list")(
          function*({ activeAt, before, limit, userId }) {
            // One branch an index: each is read backwards, only as far as the page reaches.
            const page = (state: "IS NULL" | "IS NOT NULL") =>
              sql`(SELECT * FROM ${sessions}
                WHERE user_id = ${userId} AND ended_at ${sql.literal(state)}
                AND ${
                Option.match(before, {
                  onNone: () => sql`true`,
                  onSome: ({ createdAt, id }) =>
                    sql`(created_at, id) < (${DateTime.toDate(createdAt)}::timestamptz, ${id}::uuid)`
                })
              }
                AND ${
                Option.match(activeAt, {
                  onNone: () => sql`true`,
                  onSome: (now) => sql`${DateTime.toDate(now)}::timestamptz < active_until`
                })
              }
                ORDER BY created_at DESC, id DESC LIMIT ${limit})`
            const live = page("IS NULL")
            const found = Option.isSome(activeAt) ? live : sql`${live} UNION ALL ${page("IS NOT NULL")}`
            return yield* decodeSessions(
              yield* sql`SELECT ${columns} FROM (${found}) s ORDER BY created_at DESC, id DESC LIMIT ${limit}`
            )
          },
          Effect.mapError(repoError("list"))
        ),

        count: Effect.fn("SessionRepo.count")(
          function*(userId, now) {
            const [row] = yield* sql<{ readonly total: number; readonly active: number }>`
              SELECT count(*)::integer AS total,
                (count(*) FILTER (WHERE ended_at IS NULL AND ${
              DateTime.toDate(now)
            }::timestamptz < active_until))::integer AS active
              FROM ${sessions} WHERE user_id = ${userId}`
            return { total: row?.total ?? 0, active: row?.active ?? 0 }
          },
          Effect.mapError(repoError("count"))
        ),

        endAll: Effect.fn("SessionRepo.endAll")(
          function*(userId, except, end) {
            const rows = yield* sql`
              SELECT * FROM ${sql(`${schema}.end_all`)}(
                ${userId}, ${Option.getOrNull(except)}::uuid, ${DateTime.toDate(end.at)}, ${end.reason},
                ${end.actor.kind}, ${Option.getOrNull(end.actor.id)}
              )`
            return endings(userId, except, end, yield* decodeEnded(rows))
          },
          Effect.mapError(repoError("endAll"))
        ),

        purge: Effect.fn("SessionRepo.purge")(
          function*(before, limit) {
            const rows = yield* sql`
              DELETE FROM ${sessions} WHERE id IN (
                SELECT id FROM ${sessions} WHERE ended_at < ${DateTime.toDate(before)}::timestamptz
                UNION ALL
                SELECT id FROM ${sessions} WHERE ended_at IS NULL AND active_until < ${
              DateTime.toDate(before)
            }::timestamptz
                LIMIT ${limit}
              ) RETURNING 1 AS gone`
            return rows.length
          },
          Effect.mapError(repoError("purge"))
        ),

        afterCommit: (effect) => sql.afterCommit(effect)
      })
    })
  )
