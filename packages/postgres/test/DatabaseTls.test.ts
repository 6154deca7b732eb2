/** An encrypted connection: with whom, and what is said when there is none. */
import { assert, describe, it } from "@effect/vitest"
import { Database } from "@sojourn/postgres"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { freshDatabase } from "../../testing/test/servers.ts"
import { authority, tlsProxy } from "../../testing/test/tlsProxy.ts"

const one = (options: Database.Options) =>
  SqlClient.SqlClient.use((sql) => sql<{ one: number }>`SELECT 1 AS one`).pipe(Effect.provide(Database.layer(options)))

/** In front of a PostgreSQL, and what `sslmode` makes of a host's URL. */
const secured = (options?: Parameters<typeof tlsProxy>[1]) =>
  Effect.map(freshDatabase, Redacted.value).pipe(
    Effect.flatMap((url) => tlsProxy(url, options)),
    Effect.map(({ url }) => (sslmode: string, host = "localhost") => {
      const withMode = url(host)
      withMode.searchParams.set("sslmode", sslmode)
      return Redacted.make(withMode.href)
    })
  )

describe("Database over TLS", () => {
  it.live("whoever trusts the server's authority is connected, encrypted", () =>
    Effect.gen(function*() {
      const url = yield* secured()
      assert.deepStrictEqual(yield* one({ url: url("verify-full"), ssl: { ca: authority } }), [{ one: 1 }])
    }))

  it.live.each(["prefer", "require", "verify-ca", "verify-full"])(
    "sslmode=%s: a certificate of an authority that nobody knows is refused, and how to trust it is told",
    (sslmode) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(one({ url: (yield* secured())(sslmode) }))
        assert.deepInclude({ ...error }, { reason: "Unavailable", operation: "connect" })
        assert.include(error.message, "NODE_EXTRA_CA_CERTS")
      })
  )

  it.live("a certificate for another host is refused", () =>
    Effect.gen(function*() {
      const url = yield* secured()
      const error = yield* Effect.flip(one({ url: url("require", "127.0.0.1"), ssl: { ca: authority } }))
      assert.include(error.message, "another host")
    }))

  it.live("a server without TLS is refused when TLS is asked for", () =>
    Effect.gen(function*() {
      const url = yield* secured({ refuse: true })
      const error = yield* Effect.flip(one({ url: url("require") }))
      assert.include(error.message, "offers no TLS")
    }))
})
