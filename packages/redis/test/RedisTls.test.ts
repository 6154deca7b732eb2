/** An encrypted connection to Redis: with whom, and what is said when there is none. */
import { assert, it } from "@effect/vitest"
import { RedisClient } from "@sojourn/redis"
import { Context, Effect, Layer, Redacted } from "effect"
import { describeRedis, redisUrl } from "../../testing/test/servers.ts"
import { authority, tlsProxy } from "../../testing/test/tlsProxy.ts"

const ping = (url: URL, protocol: string, tls?: { readonly ca: string }) => {
  url.protocol = protocol
  const options = { required: true, ...(tls === undefined ? {} : { redis: { tls } }) }
  return Effect.scoped(
    Effect.flatMap(
      Layer.build(RedisClient.layerUrl(Redacted.make(url.href), options)),
      (context) => Effect.promise(() => Context.get(context, RedisClient.RedisClient).ping())
    )
  )
}

describeRedis("RedisClient over TLS", () => {
  it.live("whoever trusts the server's authority is connected, encrypted", () =>
    Effect.gen(function*() {
      const { url } = yield* tlsProxy(redisUrl!)
      assert.strictEqual(yield* ping(url("localhost"), "rediss:", { ca: authority }), "PONG")
    }))

  it.live("K27 a certificate that nobody knows, or of another host, is refused, and how to trust it is told", () =>
    Effect.gen(function*() {
      const { url } = yield* tlsProxy(redisUrl!)
      const unknown = yield* Effect.flip(ping(url("localhost"), "rediss:"))
      assert.include(unknown.message, "NODE_EXTRA_CA_CERTS")
      const otherHost = yield* Effect.flip(ping(url("127.0.0.1"), "rediss:", { ca: authority }))
      assert.include(otherHost.message, "host name")
    }))

  it.live("K27 whoever comes without TLS where it is wanted is told of it", () =>
    Effect.gen(function*() {
      const { url } = yield* tlsProxy(redisUrl!)
      const error = yield* Effect.flip(ping(url("localhost"), "redis:"))
      assert.include(error.message, "rediss://")
    }))
})
