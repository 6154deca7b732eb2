/** What proves sessions and keeps them alive, in PostgreSQL. */
import { PgTypes } from "@effect/sql-pg"
import {
  type Activity,
  CredentialRepo,
  EventId,
  type Rotation,
  type RotationOutcome,
  RotationSalt,
  SessionRotated,
  SessionTrusted,
  SuspiciousActivityRecorded,
  userActor,
  UserId
} from "@sojourn/core"
import { withInnerSpan } from "@sojourn/core/InnerSpan"
import { DateTime, Effect, Layer, Option, Schema } from "effect"
import { Hex } from "effect/encoding"
import type { SqlClient } from "effect/sql"
import { AnswerTimeout, inTime } from "./AnswerTimeout.ts"
import { credentialColumns, credentialOf, type CredentialRow } from "./CredentialRow.ts"
import { alone, locking } from "./LockWait.ts"
import { array, bytes, wholeMillis } from "./Parameters.ts"
import { repoError } from "./RepoError.ts"
import { reading, rowsOf } from "./Rows.ts"
import { schemaSql } from "./SchemaSql.ts"

const decodeTrusted = Schema.decodeUnknownEffect(Schema.Array(Schema.Struct({ event_id: Schema.NullOr(EventId) })))
const decodeSuspicion = Schema.decodeUnknownEffect(Schema.Array(Schema.Struct({ user_id: UserId, count: Schema.Int })))
/** The columns, as the driver gives them: what this package wrote. */
type OutcomeRow = readonly [
  outcome: "rotated" | "already_rotated" | "not_current" | "not_active",
  winningSalt: Uint8Array | null,
  ...credential: CredentialRow
]

const toOutcome = (
  [outcome, winningSalt, ...row]: OutcomeRow,
  { eventId, ipAddress, now }: Pick<Rotation, "eventId" | "ipAddress" | "now">
): RotationOutcome => {
  const credential = credentialOf(row)
  const { id: sessionId, userId } = credential.session
  switch (outcome) {
    case "rotated": {
      const actor = userActor(userId, ipAddress)
      return {
        _tag: "Rotated",
        credential,
        events: [SessionRotated.make({ eventId, at: now, userId, actor, sessionId })]
      }
    }
    case "already_rotated":
      return {
        _tag: "AlreadyRotated",
        credential,
        salt: RotationSalt.make(Hex.encode(winningSalt ?? new Uint8Array()))
      }
    case "not_current":
      return { _tag: "NotCurrent", credential }
    case "not_active":
      return { _tag: "NotActive", credential: Option.some(credential) }
  }
}

/** Every operation is one statement; only activities of sessions that others are changing have one each. */
export const layer: Layer.Layer<CredentialRepo, never, SqlClient.SqlClient> = Layer.effect(
  CredentialRepo,
  Effect.gen(function*() {
    const { isInTransaction, own, sql } = yield* schemaSql
    const timeout = yield* AnswerTimeout
    const answered = inTime(timeout, repoError)
    const locked = locking(sql, timeout)
    const waiting = alone(sql, timeout)
    const columns = sql.literal(credentialColumns)
    const sessions = own("sessions")
    /** Gives the activities of those sessions whose rows others hold. */
    const touch = Effect.fnUntraced(function*(activities: ReadonlyArray<Activity>, wait: boolean) {
      const held = yield* sql<{ readonly id: string }>`SELECT * FROM ${own("touch")}(
        ${array(activities.map(({ sessionId }) => sessionId), PgTypes.OID.uuid)},
        ${array(activities.map(({ at }) => at.epochMilliseconds), PgTypes.OID.timestamptz)},
        ${array(activities.map(({ ipAddress }) => Option.getOrNull(ipAddress)), PgTypes.OID.inet)}, ${wait}
      )`
      const ids = new Set(held.map(({ id }) => id))
      return activities.filter(({ sessionId }) => ids.has(sessionId))
    })

    return CredentialRepo.of({
      isInTransaction,

      find: Effect.fnUntraced(
        function*(ids) {
          const rows = yield* rowsOf<CredentialRow>(sql`
            SELECT ${columns} FROM ${sessions} WHERE id = ANY (${array(ids, PgTypes.OID.uuid)})`)
          return yield* reading(() => rows.map(credentialOf))
        },
        answered("find"),
        withInnerSpan("CredentialRepo.find")
      ),

      rotate: Effect.fn("CredentialRepo.rotate")(
        function*({ eventId, grace, ipAddress, next, now, presented, salt, sessionId }) {
          const [row] = yield* locked((wait) =>
            rowsOf<OutcomeRow>(sql`
            SELECT outcome, winning_salt, ${columns} FROM ${own("rotate")}(
              ${wait}, ${sessionId}::uuid, ${bytes(presented)}, ${bytes(next)}, ${bytes(salt)}, ${eventId}::uuid,
              ${DateTime.toDate(now)}, ${wholeMillis(grace)}, ${Option.getOrNull(ipAddress)}::inet
            )`)
          )
          if (row === undefined) return { _tag: "NotActive", credential: Option.none() } satisfies RotationOutcome
          return yield* reading(() => toOutcome(row, { eventId, ipAddress, now }))
        },
        Effect.mapError(repoError("rotate"))
      ),

      touch: Effect.fn("CredentialRepo.touch")(
        function*(activities) {
          const held = yield* touch(activities, false)
          yield* Effect.forEach(held, (activity) => waiting(touch([activity], true), activity.sessionId), {
            discard: true
          })
        },
        answered("touch")
      ),

      trust: Effect.fn("CredentialRepo.trust")(
        function*(sessionId, owner, actor, now) {
          const rows = yield* locked((wait) =>
            sql`SELECT * FROM ${own("trust")}(
            ${wait}, ${sessionId}::uuid, ${owner}, ${DateTime.toDate(now)}, ${actor.kind}, ${
              Option.getOrNull(actor.id)
            },
            ${Option.getOrNull(actor.ipAddress)}::inet
          )`
          )
          const [row] = yield* decodeTrusted(rows)
          if (row === undefined) return Option.none()
          const eventId = Option.fromNullOr(row.event_id)
          return Option.some(
            Option.toArray(
              Option.map(
                eventId,
                (eventId) => SessionTrusted.make({ eventId, at: now, userId: owner, actor, sessionId })
              )
            )
          )
        },
        Effect.mapError(repoError("trust"))
      ),

      recordSuspicion: Effect.fn("CredentialRepo.recordSuspicion")(
        function*(sessionId, eventId, actor, now) {
          const rows = yield* locked((wait) =>
            sql`SELECT * FROM ${own("record_suspicion")}(
            ${wait}, ${sessionId}::uuid, ${eventId}::uuid, ${DateTime.toDate(now)}, ${actor.kind},
            ${Option.getOrNull(actor.id)}, ${Option.getOrNull(actor.ipAddress)}::inet
          )`
          )
          const [row] = yield* decodeSuspicion(rows)
          return Option.map(Option.fromUndefinedOr(row), ({ count, user_id: userId }) => ({
            userId,
            count,
            events: [SuspiciousActivityRecorded.make({ eventId, at: now, userId, actor, sessionId, count })]
          }))
        },
        Effect.mapError(repoError("recordSuspicion"))
      )
    })
  })
)
