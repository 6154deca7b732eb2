/** The relays' positions and leases in PostgreSQL. */
import { EventId, RelayError, RelayName, RelayRepo, RelayStatus, SetAside } from "@sojourn/core"
import { DateTime, Effect, Layer, Option, Schema, SchemaTransformation } from "effect"
import type { SqlClient } from "effect/sql"
import { AnswerTimeout, inTime } from "./AnswerTimeout.ts"
import { storeFailure } from "./DatabaseError.ts"
import { wholeMillis } from "./Parameters.ts"
import { schemaSql } from "./SchemaSql.ts"

const failed = (operation: string) => (cause: unknown) => new RelayError(storeFailure(operation, cause))

/** `int8` comes as a bigint; positions fit a number by far. */
const Position = Schema.BigInt.pipe(
  Schema.decodeTo(Schema.Int, SchemaTransformation.transform({ decode: Number, encode: BigInt }))
)

const StatusRow = Schema.Struct({
  name: RelayName,
  position: Position,
  head: Position,
  heldUntil: Schema.OptionFromNullOr(Schema.DateTimeUtcFromDate),
  setAside: Schema.Int
}).pipe(Schema.encodeKeys({ heldUntil: "held_until", setAside: "set_aside" }))

const SetAsideRow = Schema.Struct({
  position: Position,
  eventId: EventId,
  message: Schema.String,
  at: Schema.DateTimeUtcFromDate
}).pipe(Schema.encodeKeys({ eventId: "event_id" }))

const decodeProgress = Schema.decodeUnknownEffect(Schema.Array(Schema.Struct({ position: Position, head: Position })))
const decodeStatuses = Schema.decodeUnknownEffect(Schema.Array(StatusRow))
const decodeSetAside = Schema.decodeUnknownEffect(Schema.Array(SetAsideRow))

/** Every operation is one statement; the lease is measured by the database's clock. */
export const layer: Layer.Layer<RelayRepo, never, SqlClient.SqlClient> = Layer.effect(
  RelayRepo,
  Effect.gen(function*() {
    const { own, sql } = yield* schemaSql
    const answered = inTime(yield* AnswerTimeout, failed)
    const relays = own("relays")
    const setAside = own("relay_set_aside")
    const head = sql`${own("last_position")}()`

    return RelayRepo.of({
      // The lease begins anew after the wait for the row, which may have been a long one.
      hold: Effect.fn("RelayRepo.hold")(
        function*({ holder, name }, lease, from) {
          const heldUntil = sql`clock_timestamp() + ${wholeMillis(lease)}::bigint * interval '1 millisecond'`
          const start = from === "end" ? sql`${own("settled_position")}()` : sql`0`
          const rows = yield* sql`
            INSERT INTO ${relays} AS relay (name, position, holder, held_until)
            VALUES (${name}, ${start}, ${holder}::uuid, ${heldUntil})
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = ${heldUntil}
              WHERE relay.holder IS NULL OR relay.holder = excluded.holder OR relay.held_until <= clock_timestamp()
            RETURNING position, ${head} AS head`
          const [progress] = yield* decodeProgress(rows)
          return Option.fromUndefinedOr(progress)
        },
        answered("hold")
      ),

      advance: Effect.fn("RelayRepo.advance")(
        function*({ holder, name }, position, aside) {
          const to = BigInt(position)
          const move = sql`
            UPDATE ${relays} SET position = greatest(position, ${to}::bigint)
            WHERE name = ${name} AND holder = ${holder}::uuid RETURNING name`
          const moved = yield* Option.match(aside, {
            onNone: () => move,
            onSome: ({ at, eventId, message }) =>
              sql`
                WITH moved AS (${move}), aside AS (
                  INSERT INTO ${setAside} (relay, position, event_id, message, at)
                  SELECT name, ${to}::bigint, ${eventId}::uuid, ${message}, ${
                DateTime.toDate(at)
              }::timestamptz FROM moved
                  ON CONFLICT (relay, position) DO UPDATE SET message = excluded.message, at = excluded.at
                ) SELECT name FROM moved`
          })
          return moved.length > 0
        },
        answered("advance")
      ),

      release: Effect.fn("RelayRepo.release")(
        function*({ holder, name }) {
          yield* sql`
            UPDATE ${relays} SET holder = NULL, held_until = NULL WHERE name = ${name} AND holder = ${holder}::uuid`
        },
        answered("release")
      ),

      list: sql`
        SELECT name, position, ${head} AS head,
          CASE WHEN held_until > clock_timestamp() THEN held_until END AS held_until,
          (SELECT count(*)::integer FROM ${setAside} aside WHERE aside.relay = name) AS set_aside
        FROM ${relays} ORDER BY name COLLATE "C"`.pipe(
        Effect.flatMap(decodeStatuses),
        Effect.map((rows) => rows.map((row) => RelayStatus.make(row))),
        Effect.withSpan("RelayRepo.list"),
        answered("list")
      ),

      setAside: Effect.fn("RelayRepo.setAside")(
        function*(name, limit) {
          const rows = yield* sql`
            SELECT position, event_id, message, at FROM ${setAside}
            WHERE relay = ${name} ORDER BY position LIMIT ${limit}`
          return (yield* decodeSetAside(rows)).map((row) => SetAside.make(row))
        },
        answered("setAside")
      ),

      settle: Effect.fn("RelayRepo.settle")(
        function*(name, position) {
          yield* sql`DELETE FROM ${setAside} WHERE relay = ${name} AND position = ${BigInt(position)}`
        },
        answered("settle")
      )
    })
  })
)
