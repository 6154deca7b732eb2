/** One of the processes of `Revoked.test.ts`: does what it is told, with delays at every step to a store or the cache. */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import {
  ActivityWriter,
  CreateSession,
  createSession,
  CredentialRepo,
  DeviceEnricher,
  EventBusInProcess,
  FrontCache,
  LocationEnricher,
  RevokeAllSessions,
  revokeAllSessions,
  RevokeSession,
  revokeSession,
  rotateSession,
  SessionCache,
  SessionId,
  SessionLookup,
  SessionRepo,
  sweepSessions,
  system,
  touchSession,
  UserId,
  validateSession
} from "@sojourn/core"
import { CredentialRepoPostgres, Database, EventLogPostgres, SessionRepoPostgres } from "@sojourn/postgres"
import { CacheInvalidationsRedis, RedisClient, SessionCacheRedis } from "@sojourn/redis"
import { Effect, Layer, ManagedRuntime, Random, Redacted } from "effect"
import { setImmediate } from "node:timers/promises"

export type Command =
  | { readonly op: "create" | "revokeAll"; readonly userId: string }
  | { readonly op: "validate" | "touch" | "rotate"; readonly token: string }
  | { readonly op: "revoke"; readonly sessionId: string }
  | { readonly op: "sweep" }

export interface Settings {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly prefix: string
  readonly front: boolean
}

const settings: Settings = JSON.parse(process.argv[2]!)

const delay = Effect.flatMap(Random.nextIntBetween(0, 6), (millis) => Effect.sleep(millis))

/** The service with a delay before and after each of its operations. */
const delayed = <S extends object>(service: S): S =>
  Object.fromEntries(
    Object.entries(service).map(([name, operation]) => [
      name,
      name === "afterCommit" ?
        operation :
        (...args: ReadonlyArray<unknown>) =>
          delay.pipe(Effect.andThen(Effect.suspend(() => operation(...args))), Effect.ensuring(delay))
    ])
  ) as S

const Postgres = Layer.mergeAll(SessionRepoPostgres.layer(), CredentialRepoPostgres.layer, EventLogPostgres.layer).pipe(
  Layer.provide(Database.layer({ url: Redacted.make(settings.databaseUrl), maxConnections: 6 }))
)
const Stores = Layer.mergeAll(
  Layer.effect(SessionRepo, Effect.map(SessionRepo, delayed)),
  Layer.effect(CredentialRepo, Effect.map(CredentialRepo, delayed))
).pipe(Layer.provideMerge(Postgres))

const Redis = RedisClient.layerUrl(Redacted.make(settings.redisUrl))
const Shared = Layer.effect(SessionCache, Effect.map(SessionCache, delayed)).pipe(
  Layer.provide(SessionCacheRedis.layer({ prefix: settings.prefix, timeout: "2 seconds" }))
)
const Cache = (settings.front
  ? FrontCache.layer().pipe(
    Layer.provide(Layer.mergeAll(Shared, CacheInvalidationsRedis.layer({ prefix: settings.prefix })))
  )
  : Shared).pipe(Layer.provide(Redis))

const runtime = ManagedRuntime.make(
  Layer.mergeAll(SessionLookup.layer, ActivityWriter.layer).pipe(
    Layer.provideMerge(Layer.mergeAll(
      Stores,
      Cache,
      EventBusInProcess.layer(),
      DeviceEnricher.layerDisabled,
      LocationEnricher.layerDisabled,
      NodeCrypto.layer
    ))
  )
)

const execute = (command: Command) =>
  Effect.gen(function*() {
    switch (command.op) {
      case "create": {
        const created = yield* createSession(CreateSession.make({ userId: UserId.make(command.userId) }))
        return { sessionId: created.sessionId, token: Redacted.value(created.token), evicted: created.evicted }
      }
      case "validate":
        return (yield* validateSession(Redacted.make(command.token))).session.id
      case "touch": {
        const { session } = yield* validateSession(Redacted.make(command.token))
        yield* touchSession(session)
        return session.id
      }
      case "rotate":
        return Redacted.value(yield* rotateSession(Redacted.make(command.token)))
      case "revoke":
        return yield* revokeSession(
          RevokeSession.make({ sessionId: SessionId.make(command.sessionId), actor: system })
        )
      case "revokeAll":
        return yield* revokeAllSessions(
          RevokeAllSessions.make({ userId: UserId.make(command.userId), actor: system })
        )
      case "sweep":
        return yield* sweepSessions()
    }
  })

process.on("message", async ({ command, nth }: { readonly command: Command; readonly nth: number }) => {
  // A process that was held up finds this command beside what Redis told before it: that is heard first.
  await setImmediate()
  await setImmediate()
  runtime.runPromiseExit(execute(command)).then((exit) =>
    process.send?.({
      nth,
      ...(exit._tag === "Success" ? { value: exit.value } : { failure: String(exit.cause.reasons[0]) })
    })
  )
})
process.on("disconnect", () => process.exit(0))
runtime.runPromise(Effect.void).then(() => process.send?.("ready"))
