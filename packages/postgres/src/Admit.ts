/** The statement `admit`: candidates in, an outcome for each out. */
import { PgTypes } from "@effect/sql-pg"
import {
  type Admission,
  byUser,
  type Candidate,
  type EventId,
  EvictionFailed,
  SessionCreated,
  type SessionId,
  SessionLimitExceeded,
  SessionRepoError,
  type SessionRules,
  UserNotFound
} from "@sojourn/core"
import { instance } from "@sojourn/core/Instance"
import { Duration, Effect, Option, Result } from "effect"
import { SqlClient } from "effect/sql"
import { storeFailure } from "./DatabaseError.ts"
import { DatabaseSchema } from "./DatabaseSchema.ts"
import { type DeviceArray, deviceColumn, locationColumn } from "./Details.ts"
import { type EvictedJson, evictionEvents, type ExpiredJson, expiryEvents } from "./Evicted.ts"
import { array, bytes } from "./Parameters.ts"
import { UnreadableRow } from "./Rows.ts"

/** Why a candidate was not admitted. */
export type Refusal = UserNotFound | SessionLimitExceeded | EvictionFailed | SessionRepoError

/** `Busy`: another transaction holds the user's lock, and this one was told not to wait. */
export type Outcome = Result.Result<Admission, Refusal> | "Busy"

/** The row of a login, by its place among them, from 1. */
interface OutcomeRow {
  readonly login: number
  readonly outcome: "admitted" | "user_not_found" | "limit_exceeded" | "eviction_failed" | "busy"
  readonly max_sessions: number | null
  readonly active: number | null
  readonly protected: number | null
  readonly born_ended: boolean
  readonly expired: ReadonlyArray<ExpiredJson> | null
}

/** The row of a session that a login ended. */
interface EvictedRow {
  readonly login: number
  readonly outcome: "evicted"
  readonly evicted: SessionId
  readonly evicted_event: EventId
  readonly evicted_device: DeviceArray | null
}

/** Any failure of the store as a `SessionRepoError`. */
export const repoError = (operation: string) => (cause: unknown): SessionRepoError =>
  cause instanceof SessionRepoError
    ? cause
    : new SessionRepoError(storeFailure(operation, cause))

/** The rules as the SQL functions take them. */
export const ruleParameters = (rules: SessionRules) => ({
  atLimit: rules.atLimit,
  protectTrusted: rules.protectTrusted,
  protectActiveMillis: PgTypes.int8(
    Option.getOrNull(Option.map(rules.protectActiveWithin, (within) => BigInt(Duration.toMillis(within))))
  )
})

const createdEvent = ({ eventId, session }: Candidate) =>
  instance(SessionCreated, {
    _tag: "SessionCreated",
    eventId,
    at: session.createdAt,
    userId: session.userId,
    actor: byUser(session.userId, session.ipAddress),
    sessionId: session.id,
    device: session.device,
    ipAddress: session.ipAddress,
    location: session.location,
    expiresAt: session.expiresAt
  })

const toOutcome = (candidate: Candidate, row: OutcomeRow, evicted: ReadonlyArray<EvictedJson>): Outcome => {
  const { session } = candidate
  const refused = { userId: session.userId, limit: row.max_sessions ?? 0, active: row.active ?? 0 }
  switch (row.outcome) {
    case "busy":
      return "Busy"
    case "user_not_found":
      return Result.fail(new UserNotFound({ userId: session.userId }))
    case "limit_exceeded":
      return Result.fail(new SessionLimitExceeded(refused))
    case "eviction_failed":
      return Result.fail(new EvictionFailed({ ...refused, protected: row.protected ?? 0 }))
    case "admitted": {
      const expired = row.expired ?? []
      return Result.succeed({
        evicted: evicted.map(({ sessionId }) => sessionId),
        expired: expired.map(({ sessionId }) => sessionId),
        events: [
          ...expiryEvents(session.userId, expired),
          ...evictionEvents(session.userId, session.createdAt, Option.some(session.id), evicted),
          createdEvent(candidate)
        ],
        bornEnded: row.born_ended
      })
    }
  }
}

/** A row that this version cannot read fails the login that it is for. */
const readOutcome = (candidate: Candidate, row: OutcomeRow, evicted: ReadonlyArray<EvictedJson>): Outcome =>
  Result.getOrElse(
    Result.try({
      try: () => toOutcome(candidate, row, evicted),
      catch: (cause) => repoError("admit")(new UnreadableRow({ cause }))
    }),
    Result.fail
  )

/** Each login's row, and the sessions that it ended, in their order; both by the login's place. */
const byLogin = (rows: ReadonlyArray<OutcomeRow | EvictedRow>) => {
  const outcomes: Array<OutcomeRow> = []
  const evictions: Array<Array<EvictedJson>> = []
  for (const row of rows) {
    if (row.outcome !== "evicted") outcomes[row.login - 1] = row
    else {
      const evicted = evictions[row.login - 1] ??= []
      evicted.push({ sessionId: row.evicted, eventId: row.evicted_event, device: row.evicted_device })
    }
  }
  return { outcomes, evictions }
}

const millis = (idleTimeout: Option.Option<Duration.Duration>) =>
  Option.isSome(idleTimeout) ? BigInt(Duration.toMillis(idleTimeout.value)) : null

/** `wait`: wait for the users' locks; otherwise users whose lock is taken are `Busy`. */
export const make = Effect.gen(function*() {
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const schema = yield* DatabaseSchema
  const admit = sql(`${schema}.admit`)

  return Effect.fnUntraced(
    function*(candidates: ReadonlyArray<Candidate>, rules: SessionRules, wait: boolean) {
      const { atLimit, protectActiveMillis, protectTrusted } = ruleParameters(rules)
      const { bytea, inet, int8, json, text, timestamptz, uuid } = PgTypes.OID
      const of = (oid: number, column: (candidate: Candidate) => unknown) => array(candidates.map(column), oid)
      const rows = yield* sql<OutcomeRow | EvictedRow>`
        SELECT * FROM ${admit}(
          ${wait}, ${atLimit}, ${protectTrusted}, ${protectActiveMillis},
          ${of(uuid, ({ session }) => session.id)},
          ${of(uuid, ({ eventId }) => eventId)},
          ${of(text, ({ session }) => session.userId)},
          ${of(bytea, ({ secretHash }) => bytes(secretHash))},
          ${of(json, ({ session }) => Option.getOrNull(Option.map(session.device, deviceColumn)))},
          ${of(json, ({ session }) => Option.getOrNull(Option.map(session.location, locationColumn)))},
          ${of(inet, ({ session }) => Option.getOrNull(session.ipAddress))},
          ${of(text, ({ session }) => Option.getOrNull(session.userAgent))},
          ${of(text, ({ session }) => Option.getOrNull(session.refreshTokenId))},
          ${of(timestamptz, ({ session }) => session.createdAt.epochMilliseconds)},
          ${of(timestamptz, ({ session }) => session.expiresAt.epochMilliseconds)},
          ${of(int8, ({ session }) => millis(session.idleTimeout))}
        )`
      const { evictions, outcomes } = byLogin(rows)
      return candidates.map((candidate, at): Outcome => {
        const row = outcomes[at]
        return row === undefined ? "Busy" : readOutcome(candidate, row, evictions[at] ?? [])
      })
    },
    Effect.mapError(repoError("admit"))
  )
})
