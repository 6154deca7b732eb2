/** Everything encrypted, with servers whose authority only `NODE_EXTRA_CA_CERTS` names. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { CreateResult } from "@sojourn/cli/commands/create"
import { RelayResult } from "@sojourn/cli/commands/relay"
import { Effect, FileSystem, Redacted } from "effect"
import { freshDatabase, freshRedisPrefix, redisUrl } from "../../testing/test/servers.ts"
import { authority, tlsProxy } from "../../testing/test/tlsProxy.ts"
import { receiver, status } from "../../webhook/test/receiver.ts"
import { parse } from "./inProcess.ts"
import { assertFailure, sojourn } from "./process.ts"

/** What the command finds in its environment. */
const servers = Effect.gen(function*() {
  const database = (yield* tlsProxy(Redacted.value(yield* freshDatabase))).url("localhost")
  database.searchParams.set("sslmode", "verify-full")
  const ca = yield* FileSystem.FileSystem.use((fs) => fs.makeTempFileScoped({ prefix: "sojourn-authority-" }))
  yield* FileSystem.FileSystem.use((fs) => fs.writeFileString(ca, authority))
  const redis = redisUrl === undefined ? {} : {
    REDIS_URL: (yield* tlsProxy(redisUrl)).url("localhost").href,
    SOJOURN_REDIS_PREFIX: yield* freshRedisPrefix
  }
  return { trusting: { NODE_EXTRA_CA_CERTS: ca }, env: { DATABASE_URL: database.href, ...redis } }
})

describe("servers over TLS", () => {
  layer(NodeServices.layer, { excludeTestServices: true })((it) => {
    it.effect("PostgreSQL, Redis and a webhook are trusted as Node.js is told to", () =>
      Effect.gen(function*() {
        const { env, trusting } = yield* servers
        const { received, url } = yield* receiver(status(204))
        const cli = (...args: ReadonlyArray<string>) =>
          sojourn([...args, "--json"], {
            ...env,
            ...trusting,
            SOJOURN_WEBHOOK_KEY: "c29qb3VybidzIHRlc3RzIHNpZ24gd2l0aCB0aGlz",
            SOJOURN_WEBHOOK_KEY_ID: "tests"
          })
        yield* cli("migrate")
        yield* cli("users", "put", "alice")
        const created = yield* cli("create", "alice")
        // Nothing is said of Redis, which it could do without.
        assert.strictEqual(created.stderr, "")
        yield* parse(CreateResult)(created.stdout)
        const hook = (yield* tlsProxy(url)).url("localhost").href
        const relayed = yield* cli("relay", "hook", "--to", hook, "--until-caught-up")
        assert.strictEqual((yield* parse(RelayResult)(relayed.stdout)).delivered, 1)
        assert.lengthOf(received, 1)
      }), 60_000)

    it.effect(
      "servers that nobody vouches for are refused, and how to trust them is told",
      () =>
        Effect.gen(function*() {
          const { env } = yield* servers
          assertFailure(yield* sojourn(["list", "alice"], { DATABASE_URL: env.DATABASE_URL }), "NODE_EXTRA_CA_CERTS")
        }),
      60_000
    )
  })
})
