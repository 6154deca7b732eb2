/** One of the processes that run the same relay: writes down what it delivers, in a table that all share. */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { PgTypes } from "@effect/sql-pg"
import { type EventSink, layerRelay, RelayName, SinkError } from "@sojourn/core"
import { Database, EventLogPostgres, RelayRepoPostgres } from "@sojourn/postgres"
import { array } from "@sojourn/postgres/Parameters"
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { SqlClient } from "effect/sql"

const [, , url = "", worker = ""] = process.argv

const recording: EventSink<SqlClient.SqlClient> = Effect.fnUntraced(
  function*(events) {
    const sql = yield* SqlClient.SqlClient
    const positions = array(events.map(({ position }) => BigInt(position)), PgTypes.OID.int8)
    yield* sql`INSERT INTO delivered (worker, position) SELECT ${worker}, unnest(${positions})`
  },
  Effect.mapError((cause) => new SinkError({ reason: "Unavailable", message: "not recorded", cause }))
)

const database = Database.layer({ url: Redacted.make(url), maxConnections: 3 })
const stores = Layer.mergeAll(EventLogPostgres.layer, RelayRepoPostgres.layer, NodeCrypto.layer)

const runtime = ManagedRuntime.make(
  layerRelay(RelayName.make("recorder"), recording).pipe(Layer.provide(stores), Layer.provide(database))
)
await runtime.runPromise(Effect.void)
process.on("disconnect", () => process.exit(0))
process.send?.("ready")
