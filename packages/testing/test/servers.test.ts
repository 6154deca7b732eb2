import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Redacted, Scope } from "effect"
import { Reactivity } from "effect/reactivity"
import { Redis } from "ioredis"
import {
  describeRedis,
  freshDatabase,
  freshRedisPrefix,
  postgresUrl,
  redisUrl,
  startPostgresServer,
  startRedisServer
} from "./servers.ts"

const query = (url: string, statement: string) =>
  PgClient.makeClient({ url: Redacted.make(url) }).pipe(
    Effect.flatMap((sql) => sql.unsafe(statement).values),
    Effect.scoped,
    Effect.provide(Reactivity.layer)
  )

/** Sends one command over a connection of its own; fails when no answer comes in time. */
const commandWithin = (commandTimeout: number) => (url: string, ...[name, ...args]: [string, ...Array<string>]) =>
  Effect.acquireUseRelease(
    Effect.sync(() => new Redis(url, { lazyConnect: true, commandTimeout, retryStrategy: () => null })),
    (client) => {
      client.on("error", () => {})
      return Effect.tryPromise(() => client.call(name, ...args))
    },
    (client) => Effect.sync(() => client.disconnect())
  )

const command = commandWithin(10_000)

describe("PostgreSQL for tests", () => {
  it.effect("freshDatabase is empty, and gone with its scope even while somebody is connected", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const url = Redacted.value(yield* freshDatabase.pipe(Scope.provide(scope)))
      const client = yield* PgClient.makeClient({ url: Redacted.make(url) }).pipe(Effect.provide(Reactivity.layer))
      assert.deepStrictEqual(yield* client`SELECT FROM pg_tables WHERE schemaname = 'public'`, [])
      yield* Scope.close(scope, Exit.void)
      const name = new URL(url).pathname.slice(1)
      assert.deepStrictEqual(yield* query(postgresUrl, `SELECT 1 FROM pg_database WHERE datname = '${name}'`), [])
      assert.isTrue(name.startsWith("sojourn_test_"))
    }))

  it.live("a server of one's own keeps what was committed over kill -9", () =>
    Effect.gen(function*() {
      const server = yield* startPostgresServer()
      const before = server.pid()
      yield* query(server.url, "CREATE TABLE kept AS SELECT 42 AS n")
      const busy = yield* Effect.forkChild(Effect.exit(query(server.url, "SELECT pg_sleep(60)")))
      yield* Effect.sleep("200 millis")
      yield* server.kill
      assert.isTrue(Exit.isFailure(yield* Fiber.join(busy)))
      assert.isTrue(yield* Effect.isFailure(query(server.url, "SELECT 1")))
      yield* server.restart
      assert.deepStrictEqual(yield* query(server.url, "SELECT n FROM kept"), [[42]])
      assert.notStrictEqual(server.pid(), before)
    }), 30_000)

  it.live("a frozen server does not answer until it is thawed", () =>
    Effect.gen(function*() {
      const server = yield* startPostgresServer()
      yield* server.freeze
      const answer = query(server.url, "SELECT 1")
      assert.isTrue(yield* Effect.isFailure(Effect.timeout(answer, Duration.millis(500))))
      yield* server.thaw
      assert.deepStrictEqual(yield* answer, [[1]])
    }), 30_000)
})

describeRedis("Redis for tests", () => {
  it.effect("freshRedisPrefix: its keys go with its scope, others stay", () =>
    Effect.gen(function*() {
      const url = redisUrl ?? ""
      const other = `${yield* freshRedisPrefix}other`
      const key = yield* Effect.scoped(Effect.gen(function*() {
        const key = `${yield* freshRedisPrefix}{a}key`
        yield* Effect.forEach([key, other], (key) => command(url, "SET", key, "1"))
        assert.strictEqual(yield* command(url, "EXISTS", key, other), 2)
        return key
      }))
      assert.deepStrictEqual(yield* command(url, "MGET", key, other), [null, "1"])
    }))

  it.live("a server of one's own can be frozen, thawed, killed, stopped and restarted", () =>
    Effect.gen(function*() {
      const server = yield* startRedisServer()
      const ping = command(server.url, "PING")
      assert.strictEqual(yield* ping, "PONG")
      yield* server.freeze
      assert.isTrue(yield* Effect.isFailure(commandWithin(500)(server.url, "PING")))
      yield* server.thaw
      assert.strictEqual(yield* ping, "PONG")
      const before = server.pid()
      for (const end of [server.kill, server.stop]) {
        yield* end
        assert.isTrue(yield* Effect.isFailure(ping))
        yield* server.restart
        assert.strictEqual(yield* ping, "PONG")
      }
      assert.notStrictEqual(server.pid(), before)
    }), 30_000)
})
