/** Puts sessions of any state into the table, for cases of the suites that begin with one. */
import { SessionRow } from "@sojourn/postgres/SessionRow"
import { SessionSeed } from "@sojourn/testing"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"

export const layer: Layer.Layer<SessionSeed, never, SqlClient.SqlClient> = Layer.effect(
  SessionSeed,
  Effect.map(SqlClient.SqlClient, (sql) => ({
    put: (session) =>
      Schema.encodeEffect(SessionRow)(session).pipe(
        Effect.flatMap(({ device, location, ...row }) =>
          sql`UPDATE sojourn.sessions SET
            ${sql.update({ ...row, device: JSON.stringify(device), location: JSON.stringify(location) }, ["id"])}
            WHERE id = ${session.id}::uuid`
        ),
        Effect.orDie,
        Effect.asVoid
      )
  }))
)
