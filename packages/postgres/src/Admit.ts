/** The statement `admit`: candidates in, an outcome for each out. */
import { PgTypes } from "@effect/sql-pg"
import {
  type Admission,
  type Candidate,
  createdEventId,
  EvictionFailed,
  type Session,
  SessionCreated,
  type SessionId,
  SessionLimitExceeded,
  SessionRepoError,
  type SessionRules,
  userActor,
  UserNotFound
} from "@sojourn/core"
import { instance } from "@sojourn/core/Instance"
import { Duration, Effect, Option, Result } from "effect"
import { type DeviceColumn, deviceText, locationText } from "./Details.ts"
import { type Evicted, evictionEvents, type Expired, expiryEvents } from "./Evicted.ts"
import { array, bytes } from "./Parameters.ts"
import { repoError } from "./RepoError.ts"
import { UnreadableRow } from "./Rows.ts"
import { schemaSql } from "./SchemaSql.ts"

/** Why a candidate was not admitted. */
export type Refusal = UserNotFound | SessionLimitExceeded | EvictionFailed | SessionRepoError

/** `Busy`: another transaction holds the user's lock, and this one was told not to wait. */
export type Outcome = Result.Result<Admission, Refusal> | "Busy"

const admitColumns =
  "login, outcome, max_sessions, active, protected, expired, evicted, evicted_device::text AS evicted_device"

/** Something to be told of the login at this place among them, from 1. */
type AdmitRow = { readonly login: number } & (Verdict | EvictedColumns | ExpiredColumn)

/** What was decided. The numbers are told of refusals only. */
interface Verdict {
  readonly outcome: "admitted" | "user_not_found" | "limit_exceeded" | "eviction_failed"
  readonly max_sessions: number | null
  readonly active: number | null
  readonly protected: number | null
}

/** A session that it ended. */
interface EvictedColumns {
  readonly outcome: "evicted"
  readonly evicted: SessionId
  readonly evicted_device: DeviceColumn | null
}

/** The user's sessions that were over. */
interface ExpiredColumn {
  readonly outcome: "expired"
  readonly expired: ReadonlyArray<Expired>
}

/** What the rows say of one login. */
interface Told {
  verdict?: Verdict
  expired: ReadonlyArray<Expired>
  readonly evicted: Array<Evicted>
}

/** The rules as the SQL functions take them. */
export const ruleParameters = (rules: SessionRules) => ({
  atLimit: rules.atLimit,
  protectTrusted: rules.protectTrusted,
  protectActiveMillis: PgTypes.int8(
    Option.getOrNull(Option.map(rules.protectActiveWithin, (within) => BigInt(Duration.toMillis(within))))
  )
})

const createdEvent = (session: Session) =>
  instance(SessionCreated, {
    _tag: "SessionCreated",
    eventId: createdEventId(session.id),
    at: session.createdAt,
    userId: session.userId,
    actor: userActor(session.userId, session.ipAddress),
    sessionId: session.id,
    device: session.device,
    ipAddress: session.ipAddress,
    location: session.location,
    expiresAt: session.expiresAt
  })

/** By the logins' places. */
const byLogin = (rows: ReadonlyArray<AdmitRow>): ReadonlyArray<Told> => {
  const logins: Array<Told> = []
  for (const row of rows) {
    const told = logins[row.login - 1] ??= { expired: [], evicted: [] }
    if (row.outcome === "evicted") told.evicted.push({ sessionId: row.evicted, device: row.evicted_device })
    else if (row.outcome === "expired") told.expired = row.expired
    else told.verdict = row
  }
  return logins
}

const toOutcome = (session: Session, { evicted, expired, verdict }: Told, bornEnded: boolean): Outcome => {
  if (verdict === undefined) return "Busy"
  const { id, userId } = session
  const refused = { userId, limit: verdict.max_sessions ?? 0, active: verdict.active ?? 0 }
  switch (verdict.outcome) {
    case "user_not_found":
      return Result.fail(new UserNotFound({ userId }))
    case "limit_exceeded":
      return Result.fail(new SessionLimitExceeded(refused))
    case "eviction_failed":
      return Result.fail(new EvictionFailed({ ...refused, protected: verdict.protected ?? 0 }))
    case "admitted":
      return Result.succeed({
        evicted: evicted.map(({ sessionId }) => sessionId),
        expired: expired.map(({ sessionId }) => sessionId),
        events: [
          ...expiryEvents(userId, expired),
          ...evictionEvents(userId, session.createdAt, Option.some(id), evicted),
          createdEvent(session)
        ],
        bornEnded
      })
  }
}

/** A row that this version cannot read fails the login that it is for. */
const readOutcome = (session: Session, told: Told, bornEnded: boolean): Outcome =>
  Result.getOrElse(
    Result.try({
      try: () => toOutcome(session, told, bornEnded),
      catch: (cause) => repoError("admit")(new UnreadableRow({ cause }))
    }),
    Result.fail
  )

/** The outcome of each candidate. One that another of them evicted was born ended. */
const outcomesOf = (candidates: ReadonlyArray<Candidate>, rows: ReadonlyArray<AdmitRow>): ReadonlyArray<Outcome> => {
  const logins = byLogin(rows)
  const evicted = new Set(rows.map((row) => row.outcome === "evicted" ? row.evicted : undefined))
  return candidates.map(({ session }, at) => {
    const told = logins[at]
    return told === undefined ? "Busy" : readOutcome(session, told, evicted.has(session.id))
  })
}

const millis = (idleTimeout: Option.Option<Duration.Duration>) =>
  Option.isSome(idleTimeout) ? BigInt(Duration.toMillis(idleTimeout.value)) : null

/** `wait`: wait for the users' locks; otherwise users whose lock is taken are `Busy`. */
export const make = Effect.gen(function*() {
  const { own, sql } = yield* schemaSql
  const admit = own("admit")
  const columns = sql.literal(admitColumns)

  return Effect.fnUntraced(
    function*(candidates: ReadonlyArray<Candidate>, rules: SessionRules, wait: boolean) {
      const { atLimit, protectActiveMillis, protectTrusted } = ruleParameters(rules)
      const { bytea, int8, text, timestamptz, uuid } = PgTypes.OID
      const of = (oid: number, column: (candidate: Candidate) => unknown) => array(candidates.map(column), oid)
      // As text: PostgreSQL reads it in a fraction of the time that the driver takes to write an inet.
      const addresses = of(text, ({ session }) => Option.getOrNull(session.ipAddress))
      const rows = yield* sql<AdmitRow>`
        SELECT ${columns} FROM ${admit}(
          ${wait}, ${atLimit}, ${protectTrusted}, ${protectActiveMillis},
          ${of(uuid, ({ session }) => session.id)},
          ${of(text, ({ session }) => session.userId)},
          ${of(bytea, ({ secretHash }) => bytes(secretHash))},
          ${of(text, ({ session }) => Option.getOrNull(Option.map(session.device, deviceText)))}::json[],
          ${of(text, ({ session }) => Option.getOrNull(Option.map(session.location, locationText)))}::json[],
          ${addresses}::inet[],
          ${of(text, ({ session }) => Option.getOrNull(session.userAgent))},
          ${of(text, ({ session }) => Option.getOrNull(session.refreshTokenId))},
          ${of(timestamptz, ({ session }) => session.createdAt.epochMilliseconds)},
          ${of(timestamptz, ({ session }) => session.expiresAt.epochMilliseconds)},
          ${of(int8, ({ session }) => millis(session.idleTimeout))}
        )`
      return outcomesOf(candidates, rows)
    },
    Effect.mapError(repoError("admit"))
  )
})
