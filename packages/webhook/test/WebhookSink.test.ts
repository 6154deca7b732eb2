import { assert, describe, it } from "@effect/vitest"
import type { SinkError } from "@sojourn/core"
import { verifyWebhook, WebhookSink } from "@sojourn/webhook"
import { Array, Clock, Duration, Effect, Fiber, Result, Schedule } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import type { Socket } from "node:net"
import { tlsProxy } from "../../testing/test/tlsProxy.ts"
import { keys, logged, logOf, services } from "./fixtures.ts"
import { type Answer, receiver, status } from "./receiver.ts"

type Overrides = Partial<WebhookSink.Options>

/** What comes of one event sent to a receiver that always answers so, without further attempts. */
const outcome = Effect.fnUntraced(function*(answer: Answer, overrides: Overrides = {}) {
  const { received, sockets, url } = yield* receiver(answer)
  const sink = yield* WebhookSink.make({ url, keys: yield* keys("a"), retries: 0, ...overrides })
  const result = yield* Effect.result(sink([logged(1)]))
  return { result, received, sockets, origin: url }
})

const failureOf = <A>(result: Result.Result<A, SinkError>): SinkError =>
  Result.isFailure(result) ? result.failure : assert.fail("It was taken")

/** They close soon, if not at once. */
const assertDestroyed = (sockets: ReadonlySet<Socket>) =>
  Effect.sync(() => [...sockets].every(({ destroyed }) => destroyed)).pipe(
    Effect.repeat({ until: (all) => all, schedule: Schedule.spaced("10 millis"), times: 200 }),
    Effect.map((all) => assert.isTrue(all))
  )

describe("a sink on a server", () => {
  it.layer(services, { excludeTestServices: true })((it) => {
    it.effect.each([200, 201, 202, 204, 206])("D2 %d: taken", (code) =>
      Effect.gen(function*() {
        const { received, result } = yield* outcome(status(code))
        assert.isTrue(Result.isSuccess(result))
        assert.lengthOf(received, 1)
      }))

    it.effect.each([408, 425, 429, 500, 501, 502, 503, 504, 599])(
      "D3 %d: unavailable",
      (code) =>
        Effect.gen(function*() {
          const { origin, result } = yield* outcome(status(code))
          const { delivered, message, reason } = failureOf(result)
          assert.deepStrictEqual({ delivered, message, reason }, {
            delivered: 0,
            message: `${origin} answered ${code}`,
            reason: "Unavailable"
          })
        })
    )

    it.effect.each([300, 304, 400, 401, 403, 404, 405, 409, 410, 413, 422, 451])(
      "D3 %d: rejected, at once",
      (code) =>
        Effect.gen(function*() {
          const { origin, received, result } = yield* outcome(status(code), { retries: 5 })
          const { message, reason } = failureOf(result)
          assert.strictEqual(reason, "Rejected")
          assert.isTrue(message.startsWith(`${origin} answered ${code}`), message)
          assert.lengthOf(received, 1)
        })
    )

    it.effect.each([301, 302, 303, 307, 308])("a redirect (%d) is not followed", (code) =>
      Effect.gen(function*() {
        const elsewhere = yield* receiver(status(200))
        const { result } = yield* outcome(status(code, { location: elsewhere.url }))
        assert.strictEqual(failureOf(result).reason, "Rejected")
        assert.lengthOf(elsewhere.received, 0)
      }))

    it.effect("nobody listens: unavailable, with the system's name for it", () =>
      Effect.gen(function*() {
        const { close, url } = yield* receiver(status(200))
        close()
        const sink = yield* WebhookSink.make({ url: `${url}/secret?token=secret`, keys: yield* keys("a"), retries: 0 })
        const { message, reason } = yield* Effect.flip(sink([logged(1)]))
        assert.deepStrictEqual([reason, message], ["Unavailable", `${url} cannot be reached (ECONNREFUSED)`])
      }))

    it.effect("a receiver whose certificate is not trusted: unavailable, with what to do", () =>
      Effect.gen(function*() {
        const { received, url } = yield* receiver(status(200))
        const secured = (yield* tlsProxy(url)).url("localhost")
        const sink = yield* WebhookSink.make({
          url: secured.href,
          keys: yield* keys("a"),
          retries: 0
        })
        const { message, reason } = yield* Effect.flip(sink([logged(1)]))
        assert.strictEqual(reason, "Unavailable")
        assert.include(message, "NODE_EXTRA_CA_CERTS")
        assert.lengthOf(received, 0)
      }))

    it.effect("a connection cut in the middle: unavailable", () =>
      Effect.gen(function*() {
        const { result } = yield* outcome((response) => response.destroy())
        assert.strictEqual(failureOf(result).reason, "Unavailable")
      }))

    it.effect("D3 no answer within the timeout: unavailable, and the connection is given up", () =>
      Effect.gen(function*() {
        const { origin, result, sockets } = yield* outcome(() => {}, { timeout: "150 millis" })
        const { message, reason } = failureOf(result)
        assert.deepStrictEqual([reason, message], ["Unavailable", `${origin} has not answered within 150ms`])
        yield* assertDestroyed(sockets)
      }))

    it.effect("an endless body is not read: taken, and the connection is given up", () =>
      Effect.gen(function*() {
        let sent = 0
        const { result, sockets } = yield* outcome((response) => {
          response.writeHead(200)
          const more = () => {
            if (response.destroyed) return
            sent += 65_536
            response.write(Buffer.alloc(65_536), () => setImmediate(more))
          }
          more()
        })
        assert.isTrue(Result.isSuccess(result))
        yield* assertDestroyed(sockets)
        assert.isBelow(sent, 16_000_000)
      }))

    it.effect("a body that never ends holds the sink up for a second at most", () =>
      Effect.gen(function*() {
        const began = yield* Clock.currentTimeMillis
        const { result } = yield* outcome((response) => response.writeHead(200).write("so far"))
        assert.isTrue(Result.isSuccess(result))
        assert.isBelow((yield* Clock.currentTimeMillis) - began, 5_000)
      }))

    it.effect("one connection serves many requests", () =>
      Effect.gen(function*() {
        const { received, sockets, url } = yield* receiver((response) => response.end("thank you"))
        const sink = yield* WebhookSink.make({ url, keys: yield* keys("a") })
        yield* sink(logOf(20))
        assert.lengthOf(received, 20)
        // undici may open a second one before it has noticed that the first is free
        assert.isAtMost(sockets.size, 3)
      }))

    it.effect("D2 one event a request, in order, each signed for itself", () =>
      Effect.gen(function*() {
        const { received, url } = yield* receiver(status(204))
        const sink = yield* WebhookSink.make({ url: `${url}/hooks`, keys: yield* keys("new", "old") })
        yield* sink(logOf(5))
        const events = yield* Effect.forEach(
          received,
          Effect.fnUntraced(function*({ body, headers, method, path }) {
            return yield* verifyWebhook({ method, url: url + path, headers, body }, { keys: yield* keys("new") })
          })
        )
        assert.deepStrictEqual(events.flat(), logOf(5))
        assert.strictEqual(new Set(received.map(({ headers }) => headers["signature-input"])).size, 5)
      }))

    it.effect("D2 a batch tells how much of it was taken", () =>
      Effect.gen(function*() {
        const { received, url } = yield* receiver((response, _, n) => response.writeHead(n === 2 ? 503 : 200).end())
        const sink = yield* WebhookSink.make({ url, keys: yield* keys("a"), batchSize: 3, retries: 0 })
        const { delivered, reason } = yield* Effect.flip(sink(logOf(10)))
        assert.deepStrictEqual([delivered, reason], [6, "Unavailable"])
        const positions = received.map(({ body }) =>
          (JSON.parse(new TextDecoder().decode(body)) as { events: Array<{ position: number }> }).events
            .map(({ position }) => position)
        )
        assert.deepStrictEqual(positions, [[1, 2, 3], [4, 5, 6], [7, 8, 9]])
      }))

    it.effect("the body is the wire form, with positions", () =>
      Effect.gen(function*() {
        const { received } = yield* outcome(status(200))
        assert.deepStrictEqual(JSON.parse(new TextDecoder().decode(received[0]?.body)), {
          version: 1,
          events: [{
            position: 1,
            event: {
              _tag: "SessionCreated",
              eventId: "019ca945-0a00-7a3b-8c1d-000000000001",
              at: "2026-03-01T12:00:00.000Z",
              userId: "alice",
              actor: { kind: "system", id: null, ipAddress: null },
              sessionId: "019ca945-0a00-7a3b-8c1d-5e6f708192a3",
              device: {
                name: "Chrome on macOS",
                kind: "desktop",
                browser: "Chrome",
                browserVersion: "143",
                system: "macOS",
                systemVersion: null
              },
              ipAddress: "203.0.113.7",
              location: { country: "US", city: "New York" },
              expiresAt: "2026-03-31T12:00:00.000Z"
            }
          }]
        })
      }))

    it.effect("settings of fetch that the application made are kept", () =>
      Effect.gen(function*() {
        const elsewhere = yield* receiver(status(200))
        const { received, result } = yield* outcome(status(307, { location: elsewhere.url })).pipe(
          Effect.provideService(FetchHttpClient.RequestInit, { redirect: "follow", headers: { "x-from": "sojourn" } })
        )
        assert.strictEqual(failureOf(result).reason, "Rejected")
        assert.strictEqual(received[0]?.headers["x-from"], "sojourn")
        assert.lengthOf(elsewhere.received, 0)
      }))

    it.effect("a client that fails for some statuses is understood", () =>
      Effect.gen(function*() {
        const strict = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
        const reasonFor = (code: number) =>
          outcome(status(code)).pipe(
            Effect.provideService(HttpClient.HttpClient, strict),
            Effect.map(({ result }) => failureOf(result).reason)
          )
        assert.deepStrictEqual([yield* reasonFor(404), yield* reasonFor(503)], ["Rejected", "Unavailable"])
      }))
  })
})

/** After how many milliseconds a client that answers so is asked, what comes of it, and after how many. */
const attempts = Effect.fnUntraced(function*(answers: ReadonlyArray<Response>, overrides: Overrides = {}) {
  const times: Array<number> = []
  const start = yield* Clock.currentTimeMillis
  const client = HttpClient.make((request) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const answer = answers[Math.min(times.push(now - start), answers.length) - 1]
      return HttpClientResponse.fromWeb(request, answer ?? assert.fail("No answer"))
    })
  )
  const sink = yield* WebhookSink.make({ url: "https://app.example", keys: yield* keys("a"), ...overrides })
  const fiber = yield* Effect.forkChild(
    Effect.result(sink([logged(1)])).pipe(
      Effect.flatMap((result) => Effect.map(Clock.currentTimeMillis, (now) => ({ result, end: now - start }))),
      Effect.provideService(HttpClient.HttpClient, client)
    )
  )
  yield* TestClock.adjust("10 minutes")
  return { times, ...(yield* Fiber.join(fiber)) }
})

const answer = (code: number, retryAfter?: string) =>
  new Response(null, { status: code, headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } })

const between = (value: number | undefined, low: number, high: number) => {
  assert.isAtLeast(value ?? NaN, low)
  assert.isAtMost(value ?? NaN, high)
}

describe("attempts", () => {
  it.layer(services)((it) => {
    it.effect("D2 what is unavailable is tried two more times, soon and with jitter", () =>
      Effect.gen(function*() {
        const { result, times } = yield* attempts([answer(503)])
        assert.strictEqual(failureOf(result).reason, "Unavailable")
        assert.lengthOf(times, 3)
        between(times[1], 160, 240)
        between(times[2]! - times[1]!, 320, 480)
        const others = yield* Effect.forEach(Array.range(1, 5), () => attempts([answer(503)]))
        assert.isAbove(new Set(others.map(({ times: [first = 0, second = 0] }) => second - first)).size, 1)
      }))

    it.effect("D2 an attempt that is taken ends it", () =>
      Effect.gen(function*() {
        const { result, times } = yield* attempts([answer(503), answer(200)])
        assert.isTrue(Result.isSuccess(result))
        assert.lengthOf(times, 2)
      }))

    it.effect("what is rejected is not tried again, whatever Retry-After says", () =>
      Effect.gen(function*() {
        const { end, result, times } = yield* attempts([answer(400, "5")])
        assert.strictEqual(failureOf(result).reason, "Rejected")
        assert.deepStrictEqual([times, end], [[0], 0])
      }))

    it.effect("Retry-After is waited for before each attempt, and before the relay is told", () =>
      Effect.gen(function*() {
        const { end, times } = yield* attempts([answer(429, "5")], { retries: 1 })
        assert.lengthOf(times, 2)
        between(times[1], 5_160, 5_240)
        assert.strictEqual(end, times[1]! + 5_000)
      }))

    it.effect("Retry-After may be a date", () =>
      Effect.gen(function*() {
        yield* TestClock.setTime(Date.UTC(2026, 2, 1, 12))
        const { end } = yield* attempts([answer(503, "Sun, 01 Mar 2026 12:00:07 GMT")], { retries: 0 })
        assert.strictEqual(end, 7_000)
      }))

    it.effect.each([["30 days' seconds", "2592000", 30_000], ["nonsense", "soon", 0], [
      "a past date",
      "Sun, 01 Mar 1970 12:00:00 GMT",
      0
    ]])(
      "Retry-After has a bound: %s",
      ([, value, waited]) =>
        Effect.gen(function*() {
          yield* TestClock.setTime(Date.UTC(2026, 2, 1, 12))
          const { end } = yield* attempts([answer(503, String(value))], { retries: 0 })
          assert.strictEqual(end, waited)
        })
    )

    it.effect("the bound is an option", () =>
      Effect.gen(function*() {
        const { end } = yield* attempts([answer(503, "60")], { retries: 0, retryAfterAtMost: Duration.seconds(2) })
        assert.strictEqual(end, 2_000)
      }))

    it.effect("D3 an answer may take 10 seconds", () =>
      Effect.gen(function*() {
        const sink = yield* WebhookSink.make({ url: "https://app.example", keys: yield* keys("a"), retries: 0 })
        const fiber = yield* Effect.forkChild(
          Effect.flip(sink([logged(1)])).pipe(
            Effect.provideService(HttpClient.HttpClient, HttpClient.make(() => Effect.never))
          )
        )
        yield* TestClock.adjust("9999 millis")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.strictEqual((yield* Fiber.join(fiber)).message, "https://app.example has not answered within 10s")
      }))
  })
})
