/** The process that `Killed.test.ts` kills: does random operations, with a relay beside them, until it reaches its point. */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import {
  Actor,
  CreateSession,
  createSession,
  CredentialRepo,
  DeviceEnricher,
  enforceLimit,
  eraseUser,
  EventBus,
  EventBusInProcess,
  type EventSink,
  layerRelay,
  LocationEnricher,
  RecordSuspiciousActivity,
  recordSuspiciousActivity,
  RelayName,
  RelayRepo,
  RevokeAllSessions,
  revokeAllSessions,
  RevokeSession,
  revokeSession,
  rotateSession,
  type Session,
  SessionCache,
  SessionLookup,
  SessionPolicy,
  SessionRepo,
  SessionRules,
  type SessionToken,
  SinkError,
  sweepSessions,
  trustSession,
  User,
  UserId,
  UserRepo
} from "@sojourn/core"
import {
  CredentialRepoPostgres,
  Database,
  EventLogPostgres,
  RelayRepoPostgres,
  SessionRepoPostgres,
  UserRepoPostgres
} from "@sojourn/postgres"
import { RedisClient, SessionCacheRedis } from "@sojourn/redis"
import { DateTime, Duration, Effect, Layer, ManagedRuntime, Option, Random, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { flushCompileCache } from "node:module"
import type { Settings } from "./killedPoints.ts"

// Who is killed leaves the next one nothing that it has compiled.
flushCompileCache()

const settings: Settings = JSON.parse(process.argv[2]!)
const { label, nth, phase } = settings.point

const die = () => process.kill(process.pid, "SIGKILL")

let met = 0
const isThePoint = (name: string, at: typeof phase) => name === label && at === phase && ++met === nth

/** Dies before the nth operation of this name, while it is under way, or when it has returned. */
const mortal = <A, E, R>(name: string, operation: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    if (isThePoint(name, "before")) die()
    // Each a little later, so that the statement is met on its way, at work, and on its way back.
    if (isThePoint(name, "during")) setTimeout(die, (nth - 1) * 0.7)
    return Effect.tap(operation, () => Effect.sync(() => isThePoint(name, "after") && die()))
  })

const mortals = <S extends object>(service: S, of: string): S =>
  Object.fromEntries(
    Object.entries(service).map(([name, operation]) => [
      name,
      typeof operation === "function" && name !== "afterCommit"
        ? (...args: ReadonlyArray<unknown>) => mortal(`${of}.${name}`, Effect.suspend(() => operation(...args)))
        : operation
    ])
  ) as S

const DatabaseLayer = Database.layer({ url: Redacted.make(settings.databaseUrl), maxConnections: 6 })
const Postgres = Layer.mergeAll(
  SessionRepoPostgres.layer(),
  CredentialRepoPostgres.layer,
  EventLogPostgres.layer,
  UserRepoPostgres.layer,
  RelayRepoPostgres.layer
).pipe(Layer.provideMerge(DatabaseLayer))
const Ports = Layer.mergeAll(
  Layer.effect(SessionRepo, Effect.map(SessionRepo, (repo) => mortals(repo, "repo"))),
  Layer.effect(CredentialRepo, Effect.map(CredentialRepo, (repo) => mortals(repo, "credentials"))),
  Layer.effect(RelayRepo, Effect.map(RelayRepo, (repo) => mortals(repo, "relay"))),
  Layer.effect(SessionCache, Effect.map(SessionCache, (cache) => mortals(cache, "cache"))).pipe(
    Layer.provide(SessionCacheRedis.layer({ prefix: settings.prefix })),
    Layer.provide(RedisClient.layerUrl(Redacted.make(settings.redisUrl)))
  ),
  Layer.effect(EventBus, Effect.map(EventBus, (bus) => mortals(bus, "bus"))).pipe(
    Layer.provide(EventBusInProcess.layer())
  )
).pipe(Layer.provideMerge(Postgres))

/** Records what it was given, in the order in which it was. */
const recording: EventSink<SqlClient.SqlClient> = (events) =>
  mortal(
    "sink.deliver",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const [first, ...more] = events.map(({ event, position }) => ({
        position: BigInt(position),
        event_id: event.eventId,
        session_id: "sessionId" in event ? event.sessionId : null
      }))
      if (first !== undefined) yield* sql`INSERT INTO recorded ${sql.insert([first, ...more])}`
    })
  ).pipe(Effect.mapError((cause) => new SinkError({ reason: "Unavailable", message: "not recorded", cause })))

const Relay = layerRelay(RelayName.make("recorder"), recording, {
  batchSize: 20,
  every: "10 millis",
  lease: "300 millis"
})

const users = Array.from({ length: 6 }, (_, at) => UserId.make(`user-${at}`))
const tokens: Array<SessionToken> = []
const actor = Actor.make({ kind: "administrator", id: Option.some("ada") })

const any = <A>(items: ReadonlyArray<A>) => Effect.map(Random.nextIntBetween(0, items.length - 1), (at) => items[at]!)

const login = Effect.gen(function*() {
  const now = yield* DateTime.now
  const userId = yield* any(users)
  const short = yield* Random.nextBoolean
  const { token } = yield* createSession(CreateSession.make({
    userId,
    ipAddress: Option.some("8.8.8.8"),
    expiresAt: short ? Option.some(DateTime.addDuration(now, "40 millis")) : Option.none()
  })).pipe(Effect.provideService(
    SessionPolicy,
    SessionRules.make({ idleTimeout: short ? Option.none() : Option.some(Duration.millis(150)) })
  ))
  tokens.push(token)
})

/** One of the user's active sessions, if there is one. */
const withSession = <E, R>(use: (session: Session) => Effect.Effect<unknown, E, R>) =>
  Effect.gen(function*() {
    const userId = yield* any(users)
    const now = yield* DateTime.now
    const { sessions } = yield* SessionRepo.use((repo) =>
      repo.list({ userId, now, all: false, before: Option.none(), limit: 5 })
    )
    if (sessions.length > 0) yield* use(yield* any(sessions))
  })

const operations = [
  login,
  login,
  login,
  SqlClient.SqlClient.use((sql) => sql.withTransaction(Effect.andThen(login, mortal("transaction", Effect.void)))),
  withSession(({ id }) => revokeSession(RevokeSession.make({ sessionId: id, actor, reason: "admin_action" }))),
  Effect.flatMap(
    any(users),
    (userId) => revokeAllSessions(RevokeAllSessions.make({ userId, actor, reason: "password_changed" }))
  ),
  Effect.suspend(() => tokens.length === 0 ? Effect.void : Effect.flatMap(any(tokens.slice(-3)), rotateSession)),
  withSession(({ id }) =>
    Effect.flatMap(
      DateTime.now,
      (at) => CredentialRepo.use((repo) => repo.touch([{ sessionId: id, at, ipAddress: Option.none() }]))
    )
  ),
  withSession(({ id, userId }) => trustSession(id, userId)),
  withSession(({ id }) => recordSuspiciousActivity(RecordSuspiciousActivity.make({ sessionId: id }))),
  sweepSessions(),
  Effect.gen(function*() {
    const id = yield* any(users)
    const limit = yield* Random.nextIntBetween(1, 3)
    yield* UserRepo.use((repo) => repo.put(User.make({ id, maxSessions: Option.some(limit) })))
    yield* enforceLimit(id)
  }),
  Effect.gen(function*() {
    const id = yield* any(users)
    yield* eraseUser(id, actor)
    yield* UserRepo.use((repo) => repo.put(User.make({ id })))
  })
]

const work = Effect.gen(function*() {
  yield* Effect.forEach(users, (id) => UserRepo.use((repo) => repo.put(User.make({ id }))), { discard: true })
  // What an operation may fail with here (a user who was just erased, a session that is over) is not looked at.
  const one = Effect.flatMap(
    Random.shuffle(operations),
    (shuffled) => Effect.forEach(shuffled, (operation) => Effect.ignore(operation), { discard: true })
  )
  yield* Effect.all(Array.from({ length: 4 }, () => Effect.forever(one)), { concurrency: "unbounded", discard: true })
})

const runtime = ManagedRuntime.make(
  Relay.pipe(
    Layer.provideMerge(SessionLookup.layer),
    Layer.provideMerge(Ports),
    Layer.provideMerge(Layer.mergeAll(
      DeviceEnricher.layerDisabled,
      LocationEnricher.layerDisabled,
      NodeCrypto.layerSecureRandom,
      NodeCrypto.layerDigest
    ))
  )
)

runtime.runPromise(Effect.timeoutOption(work, "30 seconds")).then(
  // The point was not reached.
  () => process.exit(3),
  (error) => {
    process.stderr.write(`${error}\n`)
    process.exit(4)
  }
)
