/** The event log in PostgreSQL. */
import { EventLog, EventLogError } from "@sojourn/core"
import { DateTime, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { AnswerTimeout, inTime } from "./AnswerTimeout.ts"
import { explainFailure } from "./DatabaseError.ts"
import { DatabaseSchema } from "./DatabaseSchema.ts"
import { type EventRow, toLoggedEvent } from "./EventRow.ts"

const failed = (operation: string) => (cause: unknown) =>
  new EventLogError({ operation, ...explainFailure(cause), cause })

/** Every operation is one statement. */
export const layer: Layer.Layer<EventLog, never, SqlClient.SqlClient> = Layer.effect(
  EventLog,
  Effect.gen(function*() {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const schema = yield* DatabaseSchema
    const answered = inTime(yield* AnswerTimeout, failed)
    return EventLog.of({
      read: Effect.fn("EventLog.read")(
        function*({ after, limit, userId }) {
          const rows = yield* sql<EventRow>`
            SELECT * FROM ${sql(`${schema}.read_events`)}(${BigInt(after)}, ${limit}, ${Option.getOrNull(userId)})`
          return yield* Effect.forEach(rows, toLoggedEvent)
        },
        answered("read")
      ),
      purge: Effect.fn("EventLog.purge")(
        function*(before, limit) {
          const events = sql(`${schema}.session_events`)
          const rows = yield* sql`
            DELETE FROM ${events} WHERE position IN (
              SELECT position FROM (SELECT position, at FROM ${events} ORDER BY position LIMIT ${limit}) oldest
              WHERE at < ${DateTime.toDate(before)}::timestamptz
            ) RETURNING 1 AS gone`
          return rows.length
        },
        answered("purge")
      )
    })
  })
)
