import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { DoctorResult } from "@sojourn/cli/commands/doctor"
import type { Finding } from "@sojourn/cli/examine/Finding"
import { Database } from "@sojourn/postgres"
import { Effect, FileSystem, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { freePort, freshDatabase, freshRedisPrefix, redisUrl } from "../../testing/test/servers.ts"
import { parse } from "./inProcess.ts"
import { freshDirectory, sojourn } from "./process.ts"

const timeout = 60_000

/** Its exit code, and what it says of each thing that it examined. */
const examined = Effect.fnUntraced(function*(env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) {
  const { exitCode, stdout } = yield* sojourn(["doctor", "--json", ...args], env)
  const { findings, healthy } = yield* parse(DoctorResult)(stdout)
  assert.strictEqual(healthy, exitCode === 0)
  const find = (check: string) => findings.find((finding) => finding.check === check)
  return {
    exitCode,
    states: Object.fromEntries(findings.map(({ check, state }) => [check, state])),
    message: (check: string) => find(check)?.message ?? ""
  }
})

const migrated = Effect.gen(function*() {
  const url = yield* freshDatabase
  const env = { DATABASE_URL: Redacted.value(url) }
  assert.strictEqual((yield* sojourn(["migrate"], env)).exitCode, 0)
  const run = (statement: string) =>
    Effect.provide(SqlClient.SqlClient.use((sql) => sql.unsafe(statement)), Database.layer({ url }), { local: true })
  return { env, run }
})

/** Another user of the database, who may do nothing yet, and the environment of a command in their name. */
const freshGuest = Effect.fnUntraced(function*<E>(
  databaseUrl: string,
  run: (statement: string) => Effect.Effect<unknown, E>
) {
  const url = new URL(databaseUrl)
  const name = url.pathname.slice(1)
  yield* Effect.acquireRelease(
    run(`CREATE ROLE ${name} LOGIN PASSWORD 'guest'`),
    () => Effect.orDie(Effect.andThen(run(`DROP OWNED BY ${name}`), run(`DROP ROLE ${name}`)))
  )
  url.username = name
  url.password = "guest"
  return { name, guest: { DATABASE_URL: url.href } }
})

const well: Record<string, Finding["state"]> = {
  database: "ok",
  isolation: "ok",
  clock: "ok",
  migrations: "ok",
  permissions: "ok",
  sweeping: "ok",
  redis: "skipped",
  places: "ok"
}

layer(NodeServices.layer, { excludeTestServices: true })("doctor", (it) => {
  it.effect("makes no embedded database, and finds one well that is there", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = `${yield* freshDirectory}/sojourn`
      const nothing = yield* examined({}, "--data-dir", directory)
      assert.deepStrictEqual([nothing.exitCode, nothing.states.database], [0, "skipped"])
      assert.isFalse(yield* fs.exists(directory))
      yield* sojourn(["users", "put", "alice", "--data-dir", directory])
      const { redis: _, ...embedded } = well
      assert.deepStrictEqual((yield* examined({}, "--data-dir", directory)).states, embedded)
    }), timeout)

  it.effect("a server that was not migrated, and then is", () =>
    Effect.gen(function*() {
      const env = { DATABASE_URL: Redacted.value(yield* freshDatabase) }
      const before = yield* examined(env)
      assert.strictEqual(before.exitCode, 1)
      assert.deepInclude(before.states, {
        database: "ok",
        migrations: "failed",
        sweeping: "skipped",
        relays: "skipped"
      })
      assert.include(before.message("migrations"), "run \"sojourn migrate\"")
      yield* sojourn(["migrate"], env)
      assert.deepInclude(yield* examined(env), { exitCode: 0, states: well })
      const { stdout } = yield* sojourn(["doctor"], env)
      assert.match(stdout, /^ok {7}database: PostgreSQL \d+.*\n[^]*\nAll is well\n$/)
    }), timeout)

  it.effect("nobody sweeps, a relay stands still, another could not deliver", () =>
    Effect.gen(function*() {
      const { env, run } = yield* migrated
      yield* sojourn(["users", "put", "alice"], env)
      yield* sojourn(["create", "alice"], env)
      yield* run("UPDATE sojourn.sessions SET expires_at = now() - interval '6 minutes'")
      yield* run("INSERT INTO sojourn.relays (name, position) VALUES ('still', 0), ('billing', 2), ('fine', 2)")
      yield* run(`INSERT INTO sojourn.relay_set_aside (relay, position, event_id, message, at)
        VALUES ('billing', 2, gen_random_uuid(), 'no', now())`)
      const { exitCode, message, states } = yield* examined(env)
      assert.strictEqual(exitCode, 0)
      assert.deepInclude(states, { sweeping: "warning", "relay still": "warning", "relay billing": "warning" })
      assert.strictEqual(states["relay fine"], "ok")
      assert.include(message("sweeping"), "\"sojourn sweep\"")
      assert.include(message("relay still"), "No process runs it")
      assert.include(message("relay billing"), "\"sojourn relays set-aside billing\"")
      yield* sojourn(["sweep"], env)
      assert.strictEqual((yield* examined(env)).states.sweeping, "ok")
    }), timeout)

  it.effect(
    "a database user who lacks grants is told which, and all else that can be seen",
    () =>
      Effect.gen(function*() {
        const { env, run } = yield* migrated
        const { guest, name } = yield* freshGuest(env.DATABASE_URL, run)
        const nothing = yield* examined(guest)
        assert.strictEqual(nothing.exitCode, 1)
        const denied = { permissions: "failed", migrations: "skipped", sweeping: "skipped", relays: "skipped" } as const
        assert.deepStrictEqual(nothing.states, { ...well, ...denied })
        assert.include(nothing.message("permissions"), "may not use schema sojourn, ")

        yield* run(`GRANT USAGE ON SCHEMA sojourn TO ${name}`)
        yield* run(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sojourn TO ${name}`)
        yield* run(`GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA sojourn TO ${name}`)
        yield* run(`REVOKE SELECT ON sojourn.migrations FROM ${name}`)
        yield* run("REVOKE EXECUTE ON FUNCTION sojourn.sweep FROM PUBLIC")
        const some = yield* examined(guest)
        assert.deepStrictEqual(some.states, { ...well, permissions: "failed", migrations: "skipped" })
        assert.include(some.message("permissions"), "may not use migrations, sweep();")

        yield* run(`GRANT SELECT ON sojourn.migrations TO ${name}`)
        yield* run(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sojourn TO ${name}`)
        assert.deepStrictEqual((yield* examined(guest)).states, well)
      }),
    timeout
  )

  it.effect("what cannot be examined does not hide the rest", () =>
    Effect.gen(function*() {
      const { env, run } = yield* migrated
      yield* run("DROP TABLE sojourn.relays CASCADE")
      const { exitCode, message, states } = yield* examined(env)
      assert.deepStrictEqual([exitCode, states], [1, { ...well, relays: "failed" }])
      assert.include(message("relays"), "sojourn.relays")
    }), timeout)

  it.effect("servers that are away", () =>
    Effect.gen(function*() {
      const { env } = yield* migrated
      const away = yield* freePort
      const redis = yield* examined({ ...env, REDIS_URL: `redis://:secret@127.0.0.1:${away}` })
      assert.strictEqual(redis.exitCode, 1)
      assert.deepStrictEqual(redis.states, { ...well, redis: "failed" })
      assert.notInclude(redis.message("redis"), "secret")
      const database = yield* examined({ DATABASE_URL: `postgres://app:secret@127.0.0.1:${away}/app` })
      assert.deepInclude(database.states, { database: "failed", migrations: "skipped", places: "ok" })
      assert.include(database.message("database"), "cannot be reached")
    }), timeout)

  it.effect.skipIf(redisUrl === undefined)(
    "Redis that takes what is cached; places that cannot be read",
    () =>
      Effect.gen(function*() {
        const { env } = yield* migrated
        const { states } = yield* examined({
          ...env,
          REDIS_URL: String(redisUrl),
          SOJOURN_REDIS_PREFIX: yield* freshRedisPrefix,
          SOJOURN_LOCATION_DATABASE: "/nowhere.mmdb"
        })
        assert.deepStrictEqual(states, { ...well, redis: "ok", places: "warning" })
      }),
    timeout
  )
})
