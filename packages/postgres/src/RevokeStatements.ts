/** The statements that end single sessions: one, which may wait for its user's lock, or several, which do not wait. */
import { PgTypes } from "@effect/sql-pg"
import {
  type EndOptions,
  NotSessionOwner,
  type SessionEnd,
  type SessionId,
  SessionNotFound,
  type SessionRepoError
} from "@sojourn/core"
import { DateTime, Effect, Option } from "effect"
import { ending, type EndingRow } from "./EndedRow.ts"
import { array } from "./Parameters.ts"
import { repoError } from "./RepoError.ts"
import { reading } from "./Rows.ts"
import { schemaSql } from "./SchemaSql.ts"

/** Asks for the end of one session. */
export interface Revocation extends EndOptions {
  readonly sessionId: SessionId
  readonly end: SessionEnd
}

const failed = repoError("end")

/** What came of it. */
export const endingOf = Effect.fnUntraced(function*({ end, owner, reuse, sessionId }: Revocation, row: EndingRow) {
  const { user_id: found } = row
  if (found === null) return yield* new SessionNotFound({ sessionId })
  const userId = Option.getOrElse(owner, () => found)
  if (userId !== found) return yield* new NotSessionOwner({ sessionId, userId })
  return yield* Effect.mapError(reading(() => ending(userId, end, reuse, row)), failed)
})

/** Makes both. */
export const make = Effect.gen(function*() {
  const { own, sql } = yield* schemaSql
  const endSession = own("end_session")
  const endSessions = own("end_sessions")

  const one = ({ end, owner, reuse, sessionId }: Revocation, wait: boolean) =>
    sql<EndingRow>`
      SELECT * FROM ${endSession}(
        ${wait}, ${sessionId}::uuid, ${Option.getOrNull(owner)}, ${DateTime.toDate(end.at)}, ${end.reason},
        ${end.actor.kind}, ${Option.getOrNull(end.actor.id)}, ${Option.getOrNull(end.actor.ipAddress)}::inet,
        ${Option.getOrNull(reuse)}
      )`

  const several = (revocations: ReadonlyArray<Revocation>) => {
    const text = (of: (revocation: Revocation) => string | null) => array(revocations.map(of), PgTypes.OID.text)
    return sql<EndingRow>`
      SELECT * FROM ${endSessions}(
        ${array(revocations.map(({ sessionId }) => sessionId), PgTypes.OID.uuid)},
        ${text(({ owner }) => Option.getOrNull(owner))},
        ${array(revocations.map(({ end }) => end.at.epochMilliseconds), PgTypes.OID.timestamptz)},
        ${text(({ end }) => end.reason)},
        ${text(({ end }) => end.actor.kind)},
        ${text(({ end }) => Option.getOrNull(end.actor.id))},
        ${array(revocations.map(({ end }) => Option.getOrNull(end.actor.ipAddress)), PgTypes.OID.inet)},
        ${text(({ reuse }) => Option.getOrNull(reuse))}
      )`
  }

  return {
    one: (revocation: Revocation, wait: boolean): Effect.Effect<EndingRow, SessionRepoError> =>
      one(revocation, wait).pipe(
        Effect.mapError(failed),
        Effect.flatMap(([row]) =>
          row === undefined ? Effect.fail(failed(new Error("The statement gave no row"))) : Effect.succeed(row)
        )
      ),
    several: (
      revocations: ReadonlyArray<Revocation>
    ): Effect.Effect<ReadonlyMap<SessionId, EndingRow>, SessionRepoError> =>
      several(revocations).pipe(
        Effect.map((rows) => new Map(rows.map((row) => [row.session_id, row]))),
        Effect.mapError(failed)
      )
  }
})
