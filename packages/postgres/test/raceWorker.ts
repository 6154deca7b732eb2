/** One of the processes of the race: logs one user in, in the ways that an application may. */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import {
  CreateSession,
  createSession,
  DeviceEnricher,
  EventBusInProcess,
  LocationEnricher,
  SessionCacheInProcess,
  UserId
} from "@sojourn/core"
import { Database, SessionRepoPostgres } from "@sojourn/postgres"
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { SqlClient } from "effect/sql"

/** `batched`: as it comes. `single`: one login a statement. `transaction`: inside a transaction of the caller's. */
export type Way = "batched" | "single" | "transaction"

export interface Round {
  readonly userId: string
  readonly logins: number
  readonly ways: ReadonlyArray<Way>
}

export interface Result {
  readonly succeeded: number
  readonly failures: ReadonlyArray<string>
}

const database = Database.layer({ url: Redacted.make(process.argv[2] ?? ""), maxConnections: 8 })
const runtimes = [undefined, 1].map((batchSize) =>
  ManagedRuntime.make(Layer.mergeAll(
    SessionRepoPostgres.layer({ batchSize }).pipe(Layer.provideMerge(database)),
    EventBusInProcess.layer(),
    SessionCacheInProcess.layer(),
    DeviceEnricher.layerDisabled,
    LocationEnricher.layerDisabled,
    NodeCrypto.layer
  ))
)

const login = (userId: string, way: Way) => {
  const created = createSession(CreateSession.make({ userId: UserId.make(userId) }))
  return way === "transaction"
    ? SqlClient.SqlClient.use((sql) => sql.withTransaction(Effect.andThen(sql`SELECT 1`, created)))
    : created
}

const run = async (round: Round): Promise<Result> => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: round.logins }, (_, nth) => {
      const way = round.ways[nth % round.ways.length]!
      return runtimes[way === "single" ? 1 : 0]!.runPromise(login(round.userId, way))
    })
  )
  const failures = outcomes.flatMap((outcome) => outcome.status === "rejected" ? [String(outcome.reason)] : [])
  return { succeeded: outcomes.length - failures.length, failures }
}

process.on("message", (round: Round) => {
  run(round).then((result) => process.send?.(result))
})
process.on("disconnect", () => process.exit(0))
process.send?.("ready")
