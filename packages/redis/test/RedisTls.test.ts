/** An encrypted connection to Redis: with whom, and what is said when there is none. */
import { assert, it } from "@effect/vitest"
import { RedisClient } from "@sojourn/redis"
import { Effect, Redacted } from "effect"
import { describeRedis, redisUrl } from "../../testing/test/servers.ts"
import { authority, tlsProxy } from "../../testing/test/tlsProxy.ts"
import { ping } from "./Backend.ts"

const pingUrl = (url: URL, tls?: { readonly ca: string }) =>
  ping(
    RedisClient.layerUrl(Redacted.make(url.href), { required: true, ...(tls === undefined ? {} : { redis: { tls } }) })
  )

describeRedis("RedisClient over TLS", () => {
  it.live("whoever trusts the server's authority is connected, encrypted", () =>
    Effect.gen(function*() {
      const { url } = yield* tlsProxy(redisUrl!)
      assert.strictEqual(yield* pingUrl(url("localhost"), { ca: authority }), "PONG")
    }))

  it.live("K27 a certificate that nobody knows, or of another host, is refused, and how to trust it is told", () =>
    Effect.gen(function*() {
      const { url } = yield* tlsProxy(redisUrl!)
      const unknown = yield* Effect.flip(pingUrl(url("localhost")))
      assert.include(unknown.message, "NODE_EXTRA_CA_CERTS")
      const otherHost = yield* Effect.flip(pingUrl(url("127.0.0.1"), { ca: authority }))
      assert.include(otherHost.message, "host name")
    }))

  it.live("K27 whoever comes without TLS where it is wanted is told of it", () =>
    Effect.gen(function*() {
      const plain = (yield* tlsProxy(redisUrl!)).url("localhost")
      plain.protocol = "redis:"
      const error = yield* Effect.flip(pingUrl(plain))
      assert.include(error.message, "rediss://")
    }))
})
