/** The event log in PostgreSQL. */
import { checkEventQuery, EventLog, EventLogError, type EventQuery } from "@sojourn/core"
import { DateTime, Effect, Layer, Option } from "effect"
import type { SqlClient } from "effect/sql"
import { AnswerTimeout, inTime } from "./AnswerTimeout.ts"
import { storeFailure } from "./DatabaseError.ts"
import { eventColumns, type EventRow, toLoggedEvents } from "./EventRow.ts"
import { schemaSql } from "./SchemaSql.ts"

const failed = (operation: string) => (cause: unknown) => new EventLogError(storeFailure(operation, cause))

/** Every operation is one statement. */
export const layer: Layer.Layer<EventLog, never, SqlClient.SqlClient> = Layer.effect(
  EventLog,
  Effect.gen(function*() {
    const { own, sql } = yield* schemaSql
    const columns = sql.literal(eventColumns)
    const answered = inTime(yield* AnswerTimeout, failed)
    const select = Effect.fnUntraced(
      function*({ after, limit, sessionId = Option.none(), userId = Option.none() }: EventQuery) {
        const rows = yield* sql<EventRow>`
          SELECT ${columns} FROM ${own("read_events")}(
            ${BigInt(after)}, ${limit}, ${Option.getOrNull(userId)}, ${Option.getOrNull(sessionId)}::uuid
          )`
        return yield* Effect.fromResult(toLoggedEvents(rows))
      },
      answered("read")
    )
    return EventLog.of({
      read: Effect.fn("EventLog.read")((query) => Effect.andThen(checkEventQuery(query), select(query))),
      purge: Effect.fn("EventLog.purge")(
        function*(before, limit) {
          const [row] = yield* sql<{ readonly purged: bigint }>`
            SELECT ${own("purge_events")}(${DateTime.toDate(before)}::timestamptz, ${limit}) AS purged`
          return Number(row?.purged)
        },
        answered("purge")
      )
    })
  })
)
