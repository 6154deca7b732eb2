/** A byte search of everything that is kept or told, for the secrets of 10,000 sessions. */
import { assert, it } from "@effect/vitest"
import { Database } from "@sojourn/postgres"
import { Effect, Layer, Logger, Option, Redacted, References, Result, Stream, Tracer } from "effect"
import { Base64Url, Hex } from "effect/encoding"
import { SqlClient } from "effect/sql"
import { Redis } from "ioredis"
import {
  CreateSession,
  createSession,
  EventBus,
  ListSessions,
  listSessions,
  makeToken,
  parseToken,
  putUser,
  rotateSession,
  SessionId,
  type SessionToken,
  Sojourn,
  Tier,
  User,
  UserId,
  validateSession
} from "sojourn"
import { describeRedis, freshDatabase, freshRedisPrefix, redisUrl } from "../../testing/test/servers.ts"

const count = 10_000
const users = Array.from({ length: 200 }, (_, nth) => UserId.make(`user-${nth}`))

/** How a secret's bytes may be written, by their beginning; long enough not to be met by chance. */
const writings = [
  { length: 8, of: (secret: Uint8Array) => Buffer.from(secret).toString("latin1") },
  { length: 16, of: (secret: Uint8Array) => Hex.encode(secret) },
  { length: 12, of: (secret: Uint8Array) => Base64Url.encode(secret) },
  { length: 12, of: (secret: Uint8Array) => Buffer.from(secret).toString("base64") }
]

const found = (secrets: ReadonlyArray<Uint8Array>, haystack: string): number => {
  let hits = 0
  for (const { length, of } of writings) {
    const beginnings = new Set(secrets.map((secret) => of(secret).slice(0, length)))
    for (let at = 0; at + length <= haystack.length; at++) {
      if (beginnings.has(haystack.slice(at, at + length))) hits++
    }
  }
  return hits
}

const secretOf = (token: SessionToken) => Redacted.value(Option.getOrThrow(parseToken(token)).secret)

/** Every row of every table of ours, as text. */
const databaseDump = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const tables = yield* sql<{ name: string }>`
    SELECT tablename AS name FROM pg_tables WHERE schemaname = 'sojourn' ORDER BY tablename`
  const texts = yield* Effect.forEach(
    tables,
    ({ name }) => sql<{ row: string }>`SELECT t::text AS row FROM ${sql(`sojourn.${name}`)} t`
  )
  return texts.flat().map(({ row }) => row).join("\n")
})

const redisDump = async (prefix: string) => {
  const client = new Redis(redisUrl!)
  const parts: Array<string> = []
  for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 })) {
    const pipeline = client.pipeline()
    for (const key of keys) pipeline.dumpBuffer(key)
    const values = await pipeline.exec()
    parts.push(...keys, ...(values ?? []).map(([, value]) => (value as Buffer | null)?.toString("latin1") ?? ""))
  }
  client.disconnect()
  return parts.join("\n")
}

describeRedis("nothing at rest", () => {
  it.live(
    "Q11 V2 no token and no secret in database, Redis, logs, spans, events and lists; what is there opens nothing",
    () =>
      Effect.gen(function*() {
        const told: Array<string> = []
        const databaseUrl = yield* freshDatabase
        const redisPrefix = yield* freshRedisPrefix
        const App = Sojourn.layer({
          databaseUrl,
          redisUrl: Redacted.make(redisUrl!),
          redisPrefix,
          migrate: true,
          sweepEvery: "never",
          eventBusCapacity: 100_000
        })
        const Told = Layer.mergeAll(
          Logger.layer([Logger.map(Logger.formatStructured, (line) => void told.push(JSON.stringify(line)))]),
          Layer.succeed(References.MinimumLogLevel, "All"),
          Layer.succeed(
            Tracer.Tracer,
            Tracer.make({
              span: (options) => {
                const span = new Tracer.NativeSpan(options)
                told.push(span.name)
                const attribute = span.attribute.bind(span)
                span.attribute = (key, value) => {
                  told.push(`${key}=${String(value)}`)
                  attribute(key, value)
                }
                return span
              }
            })
          )
        )
        yield* Effect.gen(function*() {
          const bus = yield* EventBus
          yield* bus.events.pipe(
            Stream.runForEach((event) => Effect.sync(() => told.push(JSON.stringify(event)))),
            Effect.forkChild({ startImmediately: true })
          )
          yield* Effect.forEach(users, (id) => putUser(User.make({ id, tier: Tier.make("pro") })), { concurrency: 16 })
          const created = yield* Effect.forEach(Array.from({ length: count }), (_, nth) =>
            createSession(CreateSession.make({ userId: users[nth % users.length]! })), { concurrency: 128 })
          const rotated = yield* Effect.forEach(created.slice(0, 200), ({ token }) =>
            rotateSession(token), {
            concurrency: 16
          })
          yield* Effect.forEach(created.slice(0, 500), ({ token }) =>
            validateSession(token), { concurrency: 16 })
          const listed = yield* Effect.forEach(users, (userId) =>
            listSessions(ListSessions.make({ userId, limit: 1000 })), { concurrency: 8 })
          told.push(JSON.stringify(listed), String(created[0]), JSON.stringify(created.slice(0, 100)))

          const database = yield* databaseDump.pipe(
            Effect.provide(Database.layer({ url: databaseUrl }), { local: true })
          )
          const cache = yield* Effect.promise(() =>
            redisDump(redisPrefix)
          )
          const secrets = [
            ...created.map(({ token }) =>
              token
            ),
            ...rotated
          ].map(secretOf)
          const everything = { database, cache, told: told.join("\n") }
          for (const haystack of Object.values(everything)) assert.isAbove(haystack.length, count)
          assert.strictEqual(found(secrets.slice(0, 10), secrets.map((secret) => Hex.encode(secret)).join(" ")), 10)
          assert.deepStrictEqual(
            Object.entries(everything).map(([where, haystack]) => [where, found(secrets, haystack)]),
            [["database", 0], ["cache", 0], ["told", 0]]
          )

          // Everything of 32 bytes that the database holds, tried as the secret of the session that it belongs to.
          const hashes = [...database.matchAll(/^\(([0-9a-f-]{36}),[^\n]*?,(user-\d+),"\\\\x([0-9a-f]{64})"/gm)]
          assert.strictEqual(hashes.length, count)
          const accepted = yield* Effect.forEach(hashes.slice(0, 1000), ([, id, userId, hash]) =>
            Effect.option(validateSession(
              makeToken(SessionId.make(id!), UserId.make(userId!), Result.getOrThrow(Hex.decode(hash!)))
            )), { concurrency: 16 })
          assert.strictEqual(accepted.filter(Option.isSome).length, 0)
        }).pipe(Effect.provide(Layer.provideMerge(App, Told)))
      }).pipe(Effect.scoped),
    120_000
  )
})
