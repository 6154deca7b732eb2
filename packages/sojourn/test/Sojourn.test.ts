/** The composed Layers, as an application uses them. */
import { assert, describe, it } from "@effect/vitest"
import { Database, EmbeddedDatabase } from "@sojourn/postgres"
import * as EnricherTest from "@sojourn/testing/EnricherTest"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { ConfigProvider, DateTime, Effect, Fiber, Layer, Option, Redacted, Schedule, Stream } from "effect"
import { SqlClient } from "effect/sql"
import {
  CreateSession,
  createSession,
  EventBus,
  EventLog,
  ListSessions,
  listSessions,
  putUser,
  RevokeSession,
  revokeSession,
  SessionCache,
  Sojourn,
  system,
  Tier,
  User,
  UserId,
  validateSession
} from "sojourn"
import { settings } from "sojourn/Settings"
import * as SojournTest from "sojourn/SojournTest"
import { describeRedis, freshDatabase, freshRedisPrefix, redisUrl } from "../../testing/test/servers.ts"

const userAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"

/** Three logins of a user who may have two sessions, and everything that tells of them. */
const story = Effect.gen(function*() {
  const userId = UserId.make("ada")
  yield* putUser(User.make({ id: userId, tier: Tier.make("basic") }))
  const bus = yield* EventBus
  const heard = yield* bus.events.pipe(
    Stream.take(4),
    Stream.runCollect,
    Effect.forkChild({ startImmediately: true })
  )
  const login = createSession(CreateSession.make({
    userId,
    ipAddress: Option.some("8.8.8.8"),
    userAgent: Option.some(userAgent)
  }))
  const [first, second, third] = [yield* login, yield* login, yield* login]
  const listed = yield* listSessions(ListSessions.make({ userId }))
  const logged = yield* EventLog.use((log) => log.read({ after: 0, limit: 100, userId: Option.some(userId) }))
  const cached = yield* SessionCache.use((cache) => cache.index(userId, listed.sessions[0]!.session.createdAt))

  assert.deepStrictEqual(third.evicted, [first.sessionId])
  assert.deepStrictEqual(listed.sessions.map(({ session }) => session.id), [third.sessionId, second.sessionId])
  assert.deepStrictEqual(
    logged.map(({ event }) => event._tag),
    ["SessionCreated", "SessionCreated", "SessionEvicted", "SessionCreated"]
  )
  assert.deepStrictEqual(yield* Fiber.join(heard), logged.map(({ event }) => event))
  assert.deepStrictEqual(new Set(cached), new Set([second.sessionId, third.sessionId]))
  return third
})

/** A user of the application's own, signed in at once. */
const signUp = (id: string) =>
  SqlClient.SqlClient.use((sql) =>
    Effect.andThen(
      sql`INSERT INTO people VALUES (${id}, 1)`,
      createSession(CreateSession.make({ userId: UserId.make(id) }))
    )
  )

describe("Sojourn", () => {
  it.live("C1 layerEmbedded: no server, device and place from what comes along", () =>
    Effect.gen(function*() {
      const { deviceInfo, location } = yield* story
      assert.strictEqual(Option.getOrThrow(deviceInfo).name, "Firefox on Windows")
      assert.strictEqual(Option.getOrThrow(location).name, "US")
    }).pipe(Effect.provide(Sojourn.layerEmbedded())), 60_000)

  it.live(
    "C2 C3 C11 with devices, places and a bus of the application's own, which hears of what is swept, too",
    () =>
      Effect.gen(function*() {
        const heard: Array<string> = []
        const eventBus = Layer.succeed(EventBus, {
          publish: (events) => Effect.sync(() => void heard.push(...events.map(({ _tag }) => _tag))),
          events: Stream.empty
        })
        const { layer: deviceEnricher } = EnricherTest.device(EnricherTest.known(Fixtures.device))
        const { layer: locationEnricher } = EnricherTest.location(EnricherTest.known(Fixtures.location))
        const App = Sojourn.layerEmbedded({ eventBus, deviceEnricher, locationEnricher, sweepEvery: "50 millis" })
        yield* Effect.gen(function*() {
          const userId = UserId.make("ada")
          yield* putUser(User.make({ id: userId }))
          const { deviceInfo, location } = yield* createSession(CreateSession.make({
            userId,
            expiresAt: Option.some(DateTime.addDuration(yield* DateTime.now, "200 millis"))
          }))
          assert.deepStrictEqual(deviceInfo, Option.some(Fixtures.device))
          assert.deepStrictEqual(location, Option.some(Fixtures.location))
          yield* Effect.sync(() => heard.length).pipe(
            Effect.repeat({ until: (count) => count === 2, schedule: Schedule.spaced("20 millis"), times: 1000 })
          )
          assert.deepStrictEqual(heard, ["SessionCreated", "SessionExpired"])
        }).pipe(Effect.provide(App))
      }),
    60_000
  )

  it.live("C1 layer: PostgreSQL and Redis from the configuration", () =>
    Effect.gen(function*() {
      const config = ConfigProvider.fromUnknown({
        DATABASE_URL: Redacted.value(yield* freshDatabase),
        ...(redisUrl === undefined
          ? {}
          : { REDIS_URL: redisUrl, SOJOURN_REDIS_PREFIX: yield* freshRedisPrefix }),
        SOJOURN_MIGRATE: "true",
        SOJOURN_SCHEMA: "logins",
        SOJOURN_DATABASE_POOLED: "true",
        SOJOURN_LOCATION_DATABASE: "disabled"
      })
      const { deviceInfo, location } = yield* story.pipe(
        Effect.provide(Sojourn.layer().pipe(Layer.provide(ConfigProvider.layer(config))))
      )
      assert.strictEqual(Option.getOrThrow(deviceInfo).name, "Firefox on Windows")
      assert.isTrue(Option.isNone(location))
    }).pipe(Effect.scoped), 60_000)

  it.live(
    "layer: a handler in a transaction of the application's own is part of it, over the application's own users",
    () =>
      Effect.gen(function*() {
        const limitQuery = "SELECT devices FROM people WHERE id = $1"
        const people = SqlClient.SqlClient.use((sql) => sql`CREATE TABLE people (id text PRIMARY KEY, devices integer)`)
        const prepared = <E>(database: Layer.Layer<SqlClient.SqlClient, E>) =>
          Layer.provideMerge(Layer.effectDiscard(Effect.orDie(people)), database)
        const use = Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const { token } = yield* sql.withTransaction(signUp("ada"))
          assert.strictEqual((yield* validateSession(token)).session.userId, "ada")
          const undone = yield* Effect.flip(
            sql.withTransaction(Effect.andThen(signUp("eve"), Effect.fail("no" as const)))
          )
          assert.strictEqual(undone, "no")
          assert.lengthOf(yield* sql`SELECT 1 FROM people`, 1)
          assert.deepStrictEqual(
            (yield* listSessions(ListSessions.make({ userId: UserId.make("eve"), all: true }))).total,
            0
          )
          assert.strictEqual(
            (yield* createSession(CreateSession.make({ userId: UserId.make("ada") }))).evicted.length,
            1
          )
        })
        const url = yield* freshDatabase
        yield* Effect.provide(
          use,
          Sojourn.layer({ database: prepared(Database.layer({ url })), limitQuery, migrate: true, redisUrl: "none" }),
          { local: true }
        )
        yield* Effect.provide(
          use,
          Sojourn.layerEmbedded({ database: prepared(EmbeddedDatabase.layer()), limitQuery }),
          { local: true }
        )
      }).pipe(Effect.scoped),
    60_000
  )

  it.live("C22 layer: logins go on while Redis is away", () =>
    Effect.gen(function*() {
      const App = Sojourn.layer({
        databaseUrl: yield* freshDatabase,
        redisUrl: Redacted.make("redis://127.0.0.1:1"),
        migrate: true
      })
      const evicted = yield* Effect.gen(function*() {
        const userId = UserId.make("ada")
        yield* putUser(User.make({ id: userId }))
        const login = createSession(CreateSession.make({ userId }))
        return [yield* login, yield* login, yield* login].flatMap((response) => response.evicted)
      }).pipe(Effect.provide(App))
      assert.strictEqual(evicted.length, 1)
    }).pipe(Effect.scoped), 60_000)

  it.live(
    "layer: a missing database URL and a database without migrations are told at the start",
    () =>
      Effect.gen(function*() {
        const none = ConfigProvider.layer(ConfigProvider.fromUnknown({}))
        const missing = yield* Effect.flip(Effect.scoped(Layer.build(Layer.provide(Sojourn.layer(), none))))
        assert.strictEqual(missing._tag, "DatabaseError")
        assert.include(missing.message, "set DATABASE_URL")
        const bare = yield* Effect.flip(
          Effect.scoped(Layer.build(Sojourn.layer({ databaseUrl: yield* freshDatabase })))
        )
        assert.strictEqual(bare._tag === "DatabaseError" && bare.reason, "NotMigrated")
      }).pipe(Effect.scoped),
    60_000
  )

  it.live("layer: a prefix with braces is refused, whether configured or given", () =>
    Effect.gen(function*() {
      const config = ConfigProvider.layer(ConfigProvider.fromUnknown({ SOJOURN_REDIS_PREFIX: "a{b}" }))
      const redisUrl = Redacted.make("redis://127.0.0.1:1")
      for (const layer of [Sojourn.layer({ redisUrl }), Sojourn.layer({ redisUrl, redisPrefix: "a{b}" })]) {
        const refused = yield* Effect.flip(Effect.scoped(Layer.build(Layer.provide(layer, config))))
        assert.strictEqual(refused._tag, "ConfigError")
        assert.include(refused.message, "without braces")
      }
    }))

  it.live(
    "layer: two Sojourns in one program have users, sessions and events of their own",
    () =>
      Effect.gen(function*() {
        const database = Database.layer({ url: yield* freshDatabase })
        const over = (schema: string) => Sojourn.layer({ database, schema, migrate: true, redisUrl: "none" })
        const userId = UserId.make("ada")
        const enter = Effect.gen(function*() {
          yield* putUser(User.make({ id: userId }))
          yield* createSession(CreateSession.make({ userId }))
          const { total } = yield* listSessions(ListSessions.make({ userId }))
          const events = yield* EventLog.use((log) => log.read({ after: 0, limit: 10, userId: Option.none() }))
          return { total, events: events.length }
        })
        const both = Effect.gen(function*() {
          assert.deepStrictEqual(yield* enter.pipe(Effect.provide(over("us"))), { total: 1, events: 1 })
          return yield* enter
        })
        assert.deepStrictEqual(yield* both.pipe(Effect.provide(over("eu"))), { total: 1, events: 1 })

        const unmigrated = Layer.build(Sojourn.layer({ database, schema: "nobody", redisUrl: "none" }))
        const told = yield* Effect.flip(unmigrated.pipe(
          Effect.provide(Sojourn.layer({ database, schema: "eu", redisUrl: "none" })),
          Effect.scoped
        ))
        assert.strictEqual(told._tag === "DatabaseError" && told.reason, "NotMigrated")
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "T4 layer: the limit of the application's own is taken where nothing is migrated, too",
    () =>
      Effect.gen(function*() {
        const options = { databaseUrl: yield* freshDatabase, redisUrl: "none", sweepEvery: "never" } as const
        yield* Effect.scoped(Layer.build(Sojourn.layer({ ...options, migrate: true })))
        const login = createSession(CreateSession.make({ userId: UserId.make("ada") }))
        const { evicted } = yield* Effect.andThen(login, login).pipe(
          Effect.provide(Sojourn.layer({ ...options, limitQuery: "SELECT 1" }))
        )
        assert.lengthOf(evicted, 1)
      }).pipe(Effect.scoped),
    60_000
  )

  it.live("layer: an empty REDIS_URL is none, also where empty strings are kept or it is given", () =>
    Effect.gen(function*() {
      for (const preserveEmptyStrings of [false, true]) {
        const config = ConfigProvider.layer(ConfigProvider.fromUnknown({ REDIS_URL: "" }, { preserveEmptyStrings }))
        for (const options of [{}, { redisUrl: Redacted.make("") }]) {
          const found = yield* Effect.provide(settings(options), config)
          assert.deepStrictEqual(found.redisUrl, Option.none())
        }
      }
    }))

  it.effect("C1 SojournTest: memory only, the same ids at every run", () =>
    Effect.gen(function*() {
      const run = story.pipe(Effect.provide(SojournTest.layer(), { local: true }))
      assert.strictEqual((yield* run).sessionId, (yield* run).sessionId)
    }))
})

describeRedis("Sojourn with Redis", () => {
  it.live(
    "V11 layer: under a prefix of its own, too, what one process revokes the others refuse within a second",
    () =>
      Effect.gen(function*() {
        const process = Layer.build(Layer.fresh(Sojourn.layer({
          databaseUrl: yield* freshDatabase,
          redisUrl: Redacted.make(redisUrl ?? ""),
          redisPrefix: yield* freshRedisPrefix,
          migrate: true,
          sweepEvery: "never"
        })))
        const [here, there] = [yield* process, yield* process]
        const userId = UserId.make("ada")
        yield* Effect.provide(putUser(User.make({ id: userId })), here)
        const { sessionId, token } = yield* Effect.provide(createSession(CreateSession.make({ userId })), here)
        const validate = Effect.provide(validateSession(token), there)
        // Until the process keeps it, for seconds, in its front cache.
        yield* Effect.repeat(validate, { schedule: Schedule.spaced("20 millis"), times: 10 })
        yield* Effect.provide(revokeSession(RevokeSession.make({ sessionId, actor: system })), here)
        const refused = yield* Effect.repeat(validate, Schedule.spaced("20 millis")).pipe(
          Effect.flip,
          Effect.timeout("1 second")
        )
        assert.strictEqual(refused._tag, "SessionNotActive")
      }).pipe(Effect.scoped),
    60_000
  )
})
