/** The event log in PostgreSQL. */
import { EventLog, EventLogError } from "@sojourn/core"
import { DateTime, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { AnswerTimeout, inTime } from "./AnswerTimeout.ts"
import { storeFailure } from "./DatabaseError.ts"
import { DatabaseSchema } from "./DatabaseSchema.ts"
import { eventColumns, type EventRow, toLoggedEvents } from "./EventRow.ts"

const failed = (operation: string) => (cause: unknown) => new EventLogError(storeFailure(operation, cause))

/** Every operation is one statement. */
export const layer: Layer.Layer<EventLog, never, SqlClient.SqlClient> = Layer.effect(
  EventLog,
  Effect.gen(function*() {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const schema = yield* DatabaseSchema
    const columns = sql.literal(eventColumns)
    const answered = inTime(yield* AnswerTimeout, failed)
    return EventLog.of({
      read: Effect.fn("EventLog.read")(
        function*({ after, limit, sessionId = Option.none(), userId }) {
          const rows = yield* sql<EventRow>`
            SELECT ${columns} FROM ${sql(`${schema}.read_events`)}(
              ${BigInt(after)}, ${limit}, ${Option.getOrNull(userId)}, ${Option.getOrNull(sessionId)}::uuid
            )`
          return yield* Effect.fromResult(toLoggedEvents(rows))
        },
        answered("read")
      ),
      purge: Effect.fn("EventLog.purge")(
        function*(before, limit) {
          const events = sql(`${schema}.session_events`)
          // A row may have two events, which go together.
          const rows = yield* sql<{ readonly events: number }>`
            DELETE FROM ${events} WHERE position IN (
              SELECT position FROM (
                SELECT position, at, sum(1 + (evicted IS NOT NULL)::integer) OVER (
                  ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS before
                FROM (SELECT position, at, evicted FROM ${events} ORDER BY position LIMIT ${limit}) next
              ) oldest WHERE at < ${DateTime.toDate(before)}::timestamptz AND coalesce(before, 0) < ${limit}
            ) RETURNING 1 + (evicted IS NOT NULL)::integer AS events`
          return rows.reduce((sum, { events }) => sum + events, 0)
        },
        answered("purge")
      )
    })
  })
)
