/** Examines the database: whether it answers, is migrated, may be used, and whether what runs beside it does. */
import { RelayRepo, type StoreFailure } from "@sojourn/core"
import type { DatabaseError } from "@sojourn/postgres"
import { Effect, type Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { counted } from "../output.ts"
import { type Finding, found } from "./Finding.ts"

const postgres = Effect.promise(() => import("@sojourn/postgres"))

/** More than this and sessions end early or late on one machine beside another. */
const clocksApart = 1000

const ofServer = Effect.gen(function*() {
  const { DatabaseFacts } = yield* postgres
  const { clockAheadMillis, isolation, isSupported, version } = yield* DatabaseFacts.server
  const apart = `The database's clock is ${Math.abs(clockAheadMillis)} ms ${clockAheadMillis < 0 ? "behind" : "ahead"}`
  return [
    isSupported
      ? found("database", "ok", `PostgreSQL ${version} answers`)
      : found("database", "failed", `PostgreSQL ${version} is too old; update to 14 or newer`),
    isolation === "read committed"
      ? found("isolation", "ok", "Transactions are READ COMMITTED, which the limit needs")
      : found(
        "isolation",
        "failed",
        `Transactions are ${isolation.toUpperCase()}, and logins are refused; ` +
          "set default_transaction_isolation of the database or its user to 'read committed'"
      ),
    Math.abs(clockAheadMillis) <= clocksApart
      ? found("clock", "ok", apart)
      : found("clock", "warning", `${apart} of this machine's; keep the clocks together, such as by NTP`)
  ]
})

const ofGrants = Effect.gen(function*() {
  const { DatabaseFacts } = yield* postgres
  const denied = yield* DatabaseFacts.denied
  return [
    denied.length === 0
      ? found("permissions", "ok", "The database user may use everything that is there")
      : found(
        "permissions",
        "failed",
        `The database user may not use ${denied.join(", ")}; grant what the README of @sojourn/postgres lists`
      )
  ]
})

const ofSweeping = Effect.gen(function*() {
  const { DatabaseFacts } = yield* postgres
  return [
    (yield* DatabaseFacts.isOverdue)
      ? found(
        "sweeping",
        "warning",
        "Sessions that are over have not been ended for five minutes: nobody sweeps; run \"sojourn sweep\" from a timer"
      )
      : found("sweeping", "ok", "What is over is ended")
  ]
})

const ofRelays = Effect.gen(function*() {
  const { RelayRepoPostgres } = yield* postgres
  const relays = yield* RelayRepo.use(({ list }) => list).pipe(Effect.provide(RelayRepoPostgres.layer))
  return relays.map(({ head, heldUntil, name, position, setAside }) => {
    const behind = Math.max(0, head - position)
    const check = `relay ${name}`
    return setAside > 0
      ? found(
        check,
        "warning",
        `${counted(setAside, "event")} could not be delivered; see "sojourn relays set-aside ${name}"`
      )
      : heldUntil._tag === "None" && behind > 0
      ? found(check, "warning", `No process runs it, and it is ${counted(behind, "position")} behind`)
      : found(
        check,
        "ok",
        behind === 0 ? "Everything is delivered" : `${counted(behind, "position")} behind, and running`
      )
  })
})

const ofMigrations = Effect.gen(function*() {
  const { Migrations } = yield* postgres
  const pending = yield* Migrations.pending()
  return [
    pending.length === 0
      ? found("migrations", "ok", "The tables are up to date")
      : found("migrations", "failed", `${counted(pending.length, "migration")} missing; run "sojourn migrate"`)
  ]
})

const skipped = (...checks: ReadonlyArray<string>) =>
  checks.map((check) => found(check, "skipped", "Not examined, because of the above"))

const isFailed = (findings: ReadonlyArray<Finding>) => findings.some(({ state }) => state === "failed")

/** What fails becomes a finding, so that all else is told. What `permissions` have told already need not be told twice. */
const told = <R>(
  check: string,
  examination: Effect.Effect<ReadonlyArray<Finding>, { readonly message: string; readonly reason: StoreFailure }, R>,
  permissions: ReadonlyArray<Finding>
) =>
  Effect.catch(examination, ({ message, reason }) =>
    Effect.succeed(
      reason === "AccessDenied" && isFailed(permissions) ? skipped(check) : [found(check, "failed", message)]
    ))

const examine = Effect.gen(function*() {
  const server = yield* ofServer
  const permissions = yield* told("permissions", ofGrants, [])
  const migrations = yield* told("migrations", ofMigrations, permissions)
  const tables = isFailed(migrations)
    ? skipped("sweeping", "relays")
    : [...yield* told("sweeping", ofSweeping, permissions), ...yield* told("relays", ofRelays, permissions)]
  return [...server, ...permissions, ...migrations, ...tables]
})

/** `database`: the connection, which may fail. */
export const examineDatabase = <E extends DatabaseError, R>(
  database: Layer.Layer<SqlClient.SqlClient, E, R>
): Effect.Effect<ReadonlyArray<Finding>, never, R> =>
  Effect.match(Effect.provide(examine, database), {
    onFailure: ({ message }) => [
      found("database", "failed", message),
      ...skipped("isolation", "clock", "permissions", "migrations", "sweeping", "relays")
    ],
    onSuccess: (findings) => findings
  })
