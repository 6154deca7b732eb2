import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { CreateResult } from "@sojourn/cli/commands/create"
import { ListResult } from "@sojourn/cli/commands/list"
import { CheckResult, MigrateResult } from "@sojourn/cli/commands/migrate"
import { RevokeResult } from "@sojourn/cli/commands/revoke"
import { ValidateResult } from "@sojourn/cli/commands/validate"
import { Effect, Redacted } from "effect"
import { chmodSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import {
  freePort,
  freshDatabase,
  freshRedisPrefix,
  postgresUrl,
  redisUrl,
  startPostgresServer
} from "../../testing/test/servers.ts"
import { parse } from "./inProcess.ts"
import { assertFailure, freshDirectory, sojourn } from "./process.ts"

const timeout = 60_000

const withUrl = (url: string | URL) => (...args: ReadonlyArray<string>) =>
  sojourn([...args, "--json"], { DATABASE_URL: String(url) })

layer(NodeServices.layer, { excludeTestServices: true })("a PostgreSQL server", (it) => {
  it.effect("is migrated by `migrate` only, and then works", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const cli = withUrl(Redacted.value(url))
      assertFailure(yield* cli("list", "alice"), "run \"sojourn migrate\" first")
      const missing = yield* cli("migrate", "--check")
      assert.strictEqual(missing.exitCode, 1)
      const { pending } = yield* parse(CheckResult)(missing.stdout)
      assert.deepStrictEqual(yield* parse(MigrateResult)((yield* cli("migrate")).stdout), { applied: pending })
      assert.deepStrictEqual(yield* parse(MigrateResult)((yield* cli("migrate")).stdout), { applied: [] })
      assert.strictEqual((yield* cli("migrate", "--check")).exitCode, 0)

      assert.strictEqual((yield* cli("users", "put", "alice")).exitCode, 0)
      const created = yield* parse(CreateResult)((yield* cli("create", "alice")).stdout)
      const listed = yield* parse(ListResult)((yield* cli("list", "alice")).stdout)
      assert.deepStrictEqual(listed.sessions.map(({ sessionId }) => sessionId), [created.sessionId])

      const redisUrl = `redis://127.0.0.1:${yield* freePort}`
      const withoutRedis = yield* cli("create", "alice", "--redis-url", redisUrl)
      assert.strictEqual(withoutRedis.exitCode, 0)
      assert.match(withoutRedis.stderr, /^(sojourn: warn: [^\n]*Redis[^\n]*\n)+$/)
      const env = { DATABASE_URL: Redacted.value(url), REDIS_URL: redisUrl }
      const turnedOff = yield* sojourn(["create", "alice", "--redis-url", ""], env)
      assert.deepStrictEqual([turnedOff.exitCode, turnedOff.stderr], [0, ""])
    }), timeout)

  it.effect.skipIf(redisUrl === undefined)(
    "V1, V6, A1 with Redis: what one process has cached, another ends, and a third one refuses",
    () =>
      Effect.gen(function*() {
        const env = {
          DATABASE_URL: Redacted.value(yield* freshDatabase),
          REDIS_URL: String(redisUrl),
          SOJOURN_REDIS_PREFIX: yield* freshRedisPrefix
        }
        const cli = (args: ReadonlyArray<string>, stdin = "") => sojourn([...args, "--json"], env, stdin)
        yield* cli(["migrate"])
        yield* cli(["users", "put", "alice"])
        const { sessionId, token } = yield* parse(CreateResult)((yield* cli(["create", "alice"])).stdout)
        const good = yield* cli(["validate"], token)
        assert.deepStrictEqual([good.exitCode, good.stderr], [0, ""])
        assert.strictEqual((yield* parse(ValidateResult)(good.stdout)).sessionId, sessionId)
        const ended = yield* cli(["revoke-all", "alice", "--reason", "password_changed"])
        assert.deepStrictEqual(yield* parse(RevokeResult)(ended.stdout), { revoked: [sessionId], alreadyEnded: [] })
        const bad = yield* cli(["validate"], token)
        assert.deepStrictEqual([bad.exitCode, bad.stderr], [1, ""])
        assert.deepStrictEqual(JSON.parse(bad.stdout), { valid: false, sessionId, reason: "password_changed" })
      }),
    timeout
  )

  it.effect("migrate --limit-query: the limit comes from the application's own table", () =>
    Effect.gen(function*() {
      const cli = withUrl(Redacted.value(yield* freshDatabase))
      const mapped = yield* cli("migrate", "--limit-query", "SELECT 1 WHERE $1 <> 'nobody'")
      assert.deepStrictEqual([mapped.exitCode, mapped.stderr], [0, ""])
      const [, second] = yield* Effect.forEach([1, 2], () => cli("create", "anybody"))
      assert.lengthOf((yield* parse(CreateResult)(second!.stdout)).evicted, 1)
      assertFailure(yield* cli("create", "nobody"), "No user with the id")
      assertFailure(
        yield* cli("migrate", "--limit-query", "SELECT x FROM nowhere"),
        "relation \"nowhere\" does not exist"
      )
    }), timeout)

  it.effect("a prefix that a Redis Cluster could not take is told as such", () =>
    Effect.gen(function*() {
      const failed = yield* sojourn(["list", "alice"], {
        DATABASE_URL: "postgres://127.0.0.1:1/none",
        REDIS_URL: "redis://127.0.0.1:1",
        SOJOURN_REDIS_PREFIX: "{x}"
      })
      assertFailure(failed, "a prefix without braces")
    }), timeout)

  it.effect(
    "that is away, does not know the database or the user, or is no URL: one line each",
    () =>
      Effect.gen(function*() {
        const away = `postgres://u:secret@127.0.0.1:${yield* freePort}/x`
        const [unknownDatabase, unknownUser] = [new URL(postgresUrl), new URL(postgresUrl)]
        unknownDatabase.pathname = "no_such_database"
        unknownUser.username = "no_such_user"
        const failures = [
          [withUrl(away)("list", "alice"), "cannot be reached"],
          [withUrl(unknownDatabase)("create", "alice"), "does not exist"],
          [withUrl(unknownUser)("events"), "refused the user or the password"],
          [withUrl("nonsense")("migrate"), "postgres://user:password@host"]
        ] as const
        yield* Effect.forEach(
          failures,
          ([failure, told]) => Effect.map(failure, (ended) => assertFailure(ended, told)),
          { concurrency: 2, discard: true }
        )
      }),
    timeout
  )

  it.effect(
    "that asks for a password refuses a wrong one in one line, which does not repeat it",
    () =>
      Effect.gen(function*() {
        const hba = `${yield* freshDirectory}.hba`
        chmodSync(dirname(hba), 0o755)
        writeFileSync(hba, "host all all 127.0.0.1/32 scram-sha-256\n", { mode: 0o644 })
        const { port } = yield* startPostgresServer({ args: ["-c", `hba_file=${hba}`] })
        const failed = yield* withUrl(`postgres://postgres:hunter22@127.0.0.1:${port}/postgres`)("list", "alice")
        assertFailure(failed, "refused the user or the password")
        assert.notInclude(failed.stderr, "hunter22")
      }),
    timeout
  )
})
