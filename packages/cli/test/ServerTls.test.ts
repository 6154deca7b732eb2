/** Everything encrypted, with servers whose authority only `NODE_EXTRA_CA_CERTS` names. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { CreateResult } from "@sojourn/cli/commands/create"
import { RelayResult } from "@sojourn/cli/commands/relay"
import { Effect, FileSystem, Redacted } from "effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { freshDatabase, freshRedisPrefix, redisUrl } from "../../testing/test/servers.ts"
import { authority, tlsProxy } from "../../testing/test/tlsProxy.ts"
import { parse } from "./inProcess.ts"
import { assertFailure, sojourn } from "./process.ts"

/** A receiver that takes everything, and how many requests it had. */
const receiver = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly requests: () => number; readonly close: () => void }>((resume) => {
    let requests = 0
    const server = createServer((request, response) => {
      requests++
      request.resume().on("end", () => response.writeHead(204).end())
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      const close = () => {
        server.close()
        server.closeAllConnections()
      }
      resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, requests: () => requests, close }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

const withProtocol = (url: URL, protocol: string) => `${protocol}${url.href.slice(url.protocol.length)}`

/** What the command finds in its environment. */
const servers = Effect.gen(function*() {
  const database = (yield* tlsProxy(Redacted.value(yield* freshDatabase))).url("localhost")
  database.searchParams.set("sslmode", "verify-full")
  const ca = yield* FileSystem.FileSystem.use((fs) => fs.makeTempFileScoped({ prefix: "sojourn-authority-" }))
  yield* FileSystem.FileSystem.use((fs) => fs.writeFileString(ca, authority))
  const redis = redisUrl === undefined ? {} : {
    REDIS_URL: withProtocol((yield* tlsProxy(redisUrl)).url("localhost"), "rediss:"),
    SOJOURN_REDIS_PREFIX: yield* freshRedisPrefix
  }
  return { trusting: { NODE_EXTRA_CA_CERTS: ca }, env: { DATABASE_URL: database.href, ...redis } }
})

describe("servers over TLS", () => {
  layer(NodeServices.layer, { excludeTestServices: true })((it) => {
    it.effect("PostgreSQL, Redis and a webhook are trusted as Node.js is told to", () =>
      Effect.gen(function*() {
        const { env, trusting } = yield* servers
        const { requests, url } = yield* receiver
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
        const hook = withProtocol((yield* tlsProxy(url)).url("localhost"), "https:")
        const relayed = yield* cli("relay", "hook", "--to", hook, "--until-caught-up")
        assert.strictEqual((yield* parse(RelayResult)(relayed.stdout)).delivered, 1)
        assert.strictEqual(requests(), 1)
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
