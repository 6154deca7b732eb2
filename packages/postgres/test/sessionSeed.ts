/** Puts sessions of any state into the table, for cases of the suites that begin with one. */
import { SessionSeed } from "@sojourn/testing"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { sessionToRow } from "./sessionToRow.ts"

export const layer: Layer.Layer<SessionSeed, never, SqlClient.SqlClient> = Layer.effect(
  SessionSeed,
  Effect.map(SqlClient.SqlClient, (sql) => ({
    put: (session) => {
      const { device, location, ...row } = sessionToRow(session)
      return sql`UPDATE sojourn.sessions SET
        ${sql.update({ ...row, device: JSON.stringify(device), location: JSON.stringify(location) }, ["id"])}
        WHERE id = ${session.id}::uuid`.pipe(Effect.orDie, Effect.asVoid)
    }
  }))
)
