/** The event log in PostgreSQL. */
import { checkEventQuery, EventLog, EventLogError } from "@sojourn/core"
import { DateTime, Effect, Layer, Option } from "effect"
import type { SqlClient } from "effect/sql"
import { AnswerTimeout, inTime } from "./AnswerTimeout.ts"
import { storeFailure } from "./DatabaseError.ts"
import { eventColumns, type EventRow, toLoggedEvents } from "./EventRow.ts"
import { schemaSql } from "./SchemaSql.ts"

const failed = (operation: string) => (cause: unknown) =>
  cause instanceof EventLogError ? cause : new EventLogError(storeFailure(operation, cause))

/** Every operation is one statement. */
export const layer: Layer.Layer<EventLog, never, SqlClient.SqlClient> = Layer.effect(
  EventLog,
  Effect.gen(function*() {
    const { own, sql } = yield* schemaSql
    const columns = sql.literal(eventColumns)
    const answered = inTime(yield* AnswerTimeout, failed)
    return EventLog.of({
      read: Effect.fn("EventLog.read")(
        function*(query) {
          yield* checkEventQuery(query)
          const { after, limit, sessionId = Option.none(), userId = Option.none() } = query
          const rows = yield* sql<EventRow>`
            SELECT ${columns} FROM ${own("read_events")}(
              ${BigInt(after)}, ${limit}, ${Option.getOrNull(userId)}, ${Option.getOrNull(sessionId)}::uuid
            )`
          return yield* Effect.fromResult(toLoggedEvents(rows))
        },
        answered("read")
      ),
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
