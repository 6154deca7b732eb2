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
      assert.deepInclude(before.states, { database: "ok", migrations: "failed", permissions: "skipped" })
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

  it.effect("a database user who lacks grants", () =>
    Effect.gen(function*() {
      const { env, run } = yield* migrated
      const url = new URL(env.DATABASE_URL)
      const name = url.pathname.slice(1)
      yield* Effect.acquireRelease(
        run(`CREATE ROLE ${name} LOGIN PASSWORD 'guest'`),
        () => Effect.orDie(Effect.andThen(run(`DROP OWNED BY ${name}`), run(`DROP ROLE ${name}`)))
      )
      yield* run(`GRANT USAGE ON SCHEMA sojourn TO ${name}`)
      yield* run(`GRANT SELECT ON sojourn.migrations TO ${name}`)
      url.username = name
      url.password = "guest"
      const guest = yield* examined({ DATABASE_URL: url.href })
      assert.strictEqual(guest.exitCode, 1)
      assert.deepInclude(guest.states, { migrations: "ok", permissions: "failed", sweeping: "skipped" })
      assert.include(guest.message("permissions"), "sessions")
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
