/** What a login gives and what it leaves behind: C1 to C7, C11, C13, C23 to C25. */
import { assert, type Vitest } from "@effect/vitest"
import {
  hashSecret,
  parseIpAddress,
  parseToken,
  parseUserAgent,
  RefreshTokenId,
  Session,
  SessionPolicy,
  SessionRepo,
  SessionRules,
  toCached
} from "@sojourn/core"
import { DateTime, Duration, Effect, Fiber, Option, Redacted } from "effect"
import { Digest } from "effect/crypto"
import { TestClock } from "effect/testing"
import * as EnricherTest from "../EnricherTest.ts"
import { addresses, after, device, freshUserId, location, now, userAgents } from "../Fixtures.ts"
import { allOf, eventsOf, failure, sessionsOf, type Store } from "./given.ts"
import { givenLogins, loginsOf, onTestClock } from "./login.ts"

/** How an enricher may give no answer, and for how long the login waits for it. */
const silences = [
  { how: "finds nothing", answer: EnricherTest.unknown },
  { how: "fails", answer: EnricherTest.failing },
  { how: "defects", answer: EnricherTest.defective },
  { how: "takes longer than 250 ms", answer: EnricherTest.hanging }
]

export const loginCases = (it: Vitest.MethodsNonLive<Store>): void => {
  it.effect("C1 gives id, token, expiry, and what the enrichers said, verbatim", () =>
    onTestClock(Effect.gen(function*() {
      const { cached, logIn, userId } = yield* givenLogins("unlimited")
      const response = yield* logIn()
      assert.deepStrictEqual(response.deviceInfo, Option.some(device))
      assert.deepStrictEqual(response.location, Option.some(location))
      assert.deepStrictEqual(response.expiresAt, after("30 days"))
      assert.deepStrictEqual(response.evicted, [])
      const parts = Option.getOrThrow(parseToken(response.token))
      assert.strictEqual(parts.sessionId, response.sessionId)
      const entry = Option.getOrThrow(yield* cached(response.sessionId))
      assert.strictEqual(entry.userId, userId)
      assert.strictEqual(entry.secretHash, yield* hashSecret(Redacted.value(parts.secret)))
    })).pipe(Effect.provide(Digest.layerWebCrypto)))

  it.effect("C2 C3 asks each enricher once, with what the client sent", () =>
    onTestClock(Effect.gen(function*() {
      const { askedForDevice, askedForLocation, logIn } = yield* givenLogins("unlimited")
      const userAgent = ` ${userAgents.chromeOnMacOS}\u0000`
      const clientHints = { "sec-ch-ua-platform": "\"macOS\"" }
      yield* logIn({ userAgent: Option.some(userAgent), ipAddress: Option.some("testclient"), clientHints })
      assert.deepStrictEqual(askedForDevice, [{ userAgent, hints: clientHints }])
      assert.deepStrictEqual(askedForLocation, ["testclient"])
    })))

  it.effect("C2 C3 a missing user agent or address reaches them as an empty string", () =>
    onTestClock(Effect.gen(function*() {
      const { askedForDevice, askedForLocation, logIn, userId } = yield* givenLogins("unlimited")
      yield* logIn({ userAgent: Option.none(), ipAddress: Option.none() })
      assert.deepStrictEqual(askedForDevice, [{ userAgent: "", hints: {} }])
      assert.deepStrictEqual(askedForLocation, [""])
      const [session] = yield* sessionsOf(userId)
      assert.deepStrictEqual([session!.userAgent, session!.ipAddress], [Option.none(), Option.none()])
    })))

  it.effect("C4 keeps the session once, as the login said", () =>
    onTestClock(Effect.gen(function*() {
      const { logIn, userId } = yield* givenLogins("unlimited")
      const refreshTokenId = Option.some(RefreshTokenId.make("rt-1"))
      const { sessionId } = yield* logIn({ refreshTokenId })
      assert.deepStrictEqual(yield* sessionsOf(userId), [
        Session.make({
          id: sessionId,
          userId,
          device: Option.some(device),
          location: Option.some(location),
          ipAddress: parseIpAddress(addresses.documentation),
          lastIpAddress: parseIpAddress(addresses.documentation),
          userAgent: parseUserAgent(userAgents.chromeOnMacOS),
          refreshTokenId,
          createdAt: now,
          lastActivityAt: now,
          expiresAt: after("30 days"),
          idleTimeout: Option.none(),
          trusted: false,
          suspiciousActivityCount: 0,
          end: Option.none()
        })
      ])
    })))

  it.effect("C5 writes the cache once, with what the store holds", () =>
    onTestClock(Effect.gen(function*() {
      const { indexed, logIn, userId, writes } = yield* givenLogins("unlimited")
      const { sessionId } = yield* logIn()
      const [session] = yield* sessionsOf(userId)
      assert.strictEqual(writes.length, 1)
      const [write] = writes
      assert.isTrue(write?.operation === "put")
      if (write?.operation !== "put") return
      assert.deepStrictEqual(write.session, toCached(session!, write.session.secretHash, 0))
      assert.deepStrictEqual(write.fenced, [])
      assert.deepStrictEqual(yield* indexed, [sessionId])
    })))

  it.effect.each(silences)(
    "C6 an enricher that $how does not prevent the login",
    ({ answer }) =>
      onTestClock(Effect.gen(function*() {
        const { logIn, userId } = yield* givenLogins("unlimited", { device: answer, location: answer })
        const fiber = yield* Effect.forkChild(logIn(), { startImmediately: true })
        yield* TestClock.adjust("250 millis")
        const response = yield* Fiber.join(fiber)
        assert.deepStrictEqual([response.deviceInfo, response.location], [Option.none(), Option.none()])
        const [session] = yield* sessionsOf(userId)
        assert.deepStrictEqual([session!.device, session!.location], [Option.none(), Option.none()])
        assert.isTrue(Option.isSome(session!.userAgent))
      }))
  )

  it.effect("C7 an unknown user: UserNotFound, and nothing is left behind", () =>
    onTestClock(Effect.gen(function*() {
      const userId = yield* freshUserId
      const { logIn, published, writes } = yield* loginsOf(userId)
      assert.deepStrictEqual(yield* failure(logIn()), { _tag: "UserNotFound", userId })
      assert.deepStrictEqual(yield* allOf(userId), { sessions: [], events: [] })
      assert.deepStrictEqual([writes, published], [[], []])
    })))

  it.effect("C11 publishes once what the event log holds, SessionCreated with user, session, device, address, place", () =>
    onTestClock(Effect.gen(function*() {
      const { logIn, published, userId } = yield* givenLogins("unlimited")
      const { sessionId } = yield* logIn()
      const [event] = published.flat()
      assert.isTrue(event?._tag === "SessionCreated")
      if (event?._tag !== "SessionCreated") return
      assert.deepStrictEqual([event.userId, event.sessionId, event.at], [userId, sessionId, now])
      assert.deepStrictEqual([event.device, event.location], [Option.some(device), Option.some(location)])
      assert.deepStrictEqual(event.ipAddress, parseIpAddress(addresses.documentation))
      assert.deepStrictEqual(published, [yield* TestClock.withLive(eventsOf(userId, 1))])
    })))

  it.effect("C13 ends after 30 days by default, or as the policy says, or as the login asked", () =>
    onTestClock(Effect.gen(function*() {
      const { logIn, userId } = yield* givenLogins("unlimited")
      const byPolicy = SessionRules.make({
        defaultLifetime: Duration.hours(12),
        idleTimeout: Option.some(Duration.hours(1))
      })
      const longest = SessionRules.make({ maximumLifetime: Duration.days(7) })
      const asked = Option.some(after("90 days"))
      const responses = [
        yield* logIn(),
        yield* logIn().pipe(Effect.provideService(SessionPolicy, byPolicy)),
        yield* logIn().pipe(Effect.provideService(SessionPolicy, longest)),
        yield* logIn({ expiresAt: asked })
      ]
      const times = [after("30 days"), after("12 hours"), after("7 days"), after("90 days")]
      assert.deepStrictEqual(responses.map(({ expiresAt }) => expiresAt), times)
      const sessions = yield* sessionsOf(userId)
      assert.sameDeepMembers(sessions.map(({ expiresAt }) => expiresAt), times)
      assert.strictEqual(sessions.filter(({ idleTimeout }) => Option.isSome(idleTimeout)).length, 1)
    })))

  it.effect("C23 an expiry that is not in the future, or beyond the maximum lifetime, is refused", () =>
    onTestClock(Effect.gen(function*() {
      const { logIn, published, userId, writes } = yield* givenLogins("unlimited")
      const latest = after("365 days")
      for (const expiresAt of [after("-1 day"), now, DateTime.add(latest, { milliseconds: 1 })]) {
        assert.deepStrictEqual(
          yield* failure(logIn({ expiresAt: Option.some(expiresAt) })),
          { _tag: "InvalidExpiry", expiresAt, latest }
        )
      }
      assert.deepStrictEqual(yield* allOf(userId), { sessions: [], events: [] })
      assert.deepStrictEqual([writes, published], [[], []])
      for (const expiresAt of [DateTime.add(now, { milliseconds: 1 }), latest]) {
        assert.deepStrictEqual((yield* logIn({ expiresAt: Option.some(expiresAt) })).expiresAt, expiresAt)
      }
    })))

  it.effect.each([
    { sent: "testclient", kept: Option.none() },
    { sent: "8.8.8.8:443", kept: Option.none() },
    { sent: "fe80::1%eth0", kept: Option.some("fe80::1") },
    { sent: "::ffff:192.0.2.1", kept: Option.some("192.0.2.1") },
    { sent: "2001:DB8:0:0::7", kept: Option.some("2001:db8::7") }
  ])("C24 the address $sent", ({ kept, sent }) =>
    onTestClock(Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { logIn } = yield* givenLogins("unlimited")
      const { sessionId } = yield* logIn({ ipAddress: Option.some(sent) })
      const session = Option.getOrThrow(yield* repo.find(sessionId))
      assert.deepStrictEqual([session.ipAddress, session.lastIpAddress], [kept, kept])
    })))

  it.effect("C25 a user agent is kept to 1,024 characters without control characters", () =>
    onTestClock(Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { logIn } = yield* givenLogins("unlimited")
      const userAgent = Option.some(`\u001b[31m${userAgents.curl}\r\n\u0000${"x".repeat(5000)}`)
      const { sessionId } = yield* logIn({ userAgent })
      const kept = Option.getOrThrow(Option.getOrThrow(yield* repo.find(sessionId)).userAgent)
      assert.isAtMost(kept.length, 1024)
      assert.isTrue(kept.startsWith(`[31m${userAgents.curl}xxx`))
    })))
}
