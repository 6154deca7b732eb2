/** The event log in PostgreSQL. */
import { EventLog, EventLogError } from "@sojourn/core"
import { Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { explainFailure } from "./DatabaseError.ts"
import { DatabaseSchema } from "./DatabaseSchema.ts"
import { type EventRow, toLoggedEvent } from "./EventRow.ts"

/** One statement a read. */
export const layer: Layer.Layer<EventLog, never, SqlClient.SqlClient> = Layer.effect(
  EventLog,
  Effect.gen(function*() {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const schema = yield* DatabaseSchema
    return EventLog.of({
      read: Effect.fn("EventLog.read")(
        function*({ after, limit, userId }) {
          const rows = yield* sql<EventRow>`
            SELECT * FROM ${sql(`${schema}.read_events`)}(${BigInt(after)}, ${limit}, ${Option.getOrNull(userId)})`
          return yield* Effect.forEach(rows, toLoggedEvent)
        },
        Effect.mapError((cause) => new EventLogError({ operation: "read", ...explainFailure(cause), cause }))
      )
    })
  })
)
