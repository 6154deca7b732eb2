import { assert, it } from "@effect/vitest"
import { SessionRepo } from "@sojourn/core"
import { behindProxies, ClientAddress } from "@sojourn/http"
import { EnricherTest, Fixtures } from "@sojourn/testing"
import { Effect, Layer, Option } from "effect"
import { HttpServerRequest } from "effect/http"
import { ada, app, logIn } from "./app.ts"

const addressOf = Effect.fnUntraced(function*(headers: Record<string, string>) {
  const { id } = yield* logIn(ada, headers)
  const { ipAddress } = Option.getOrThrow(yield* SessionRepo.use((repo) => repo.find(id)))
  return Option.getOrUndefined(ipAddress)
})

it.effect("without a proxy the connection's address counts, whatever the client writes", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* addressOf({ "x-forwarded-for": "6.6.6.6", forwarded: "for=6.6.6.6" }), "127.0.0.1")
  }).pipe(Effect.provide(app())))

it.effect("behind a proxy, what it saw counts, and not what the client wrote left of it", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* addressOf({ "x-forwarded-for": "6.6.6.6, 203.0.113.7" }), "203.0.113.7")
    assert.strictEqual(yield* addressOf({}), undefined)
  }).pipe(Effect.provide(app(Layer.succeed(ClientAddress, behindProxies("X-Forwarded-For"))))))

it("of several proxies the outermost one counts", () => {
  const find = behindProxies("x-forwarded-for", 2)
  const given = (value: string) => {
    const request = new Request("http://app.example", { headers: { "x-forwarded-for": value } })
    return Option.getOrUndefined(find(HttpServerRequest.fromWeb(request)))
  }
  assert.strictEqual(given("203.0.113.7, 10.0.0.1"), "203.0.113.7")
  assert.strictEqual(given("6.6.6.6,6.6.6.7 , 203.0.113.7 ,10.0.0.1"), "203.0.113.7")
  assert.strictEqual(given("6.6.6.6, 203.0.113.7:4711, 10.0.0.1"), "203.0.113.7")
  assert.strictEqual(given("[2001:db8::7]:4711, 10.0.0.1"), "2001:db8::7")
  assert.strictEqual(given("2001:db8::7, 10.0.0.1"), "2001:db8::7")
  // Somebody who came around the outer proxy.
  assert.strictEqual(given("203.0.113.7"), undefined)
})

it("a number of proxies by which clients could write their own address is refused", () => {
  for (const proxies of [0, -1, 1.5, NaN]) assert.throws(() => behindProxies("x-forwarded-for", proxies), RangeError)
})

it.effect("the login is told of its user agent and of all client hints, and of nothing else", () => {
  const devices = EnricherTest.device(EnricherTest.unknown)
  return Effect.gen(function*() {
    const hints = { "sec-ch-ua": "\"Chromium\";v=\"143\"", "sec-ch-ua-platform-version": "\"15.1.0\"" }
    yield* logIn(ada, { "user-agent": Fixtures.userAgents.chromeOnMacOS, accept: "*/*", ...hints })
    assert.deepStrictEqual(devices.asked, [{ userAgent: Fixtures.userAgents.chromeOnMacOS, hints }])
  }).pipe(Effect.provide(app(devices.layer)))
})
