/** Recording activity, at the store: E14 to E18. */
import { assert, type Vitest } from "@effect/vitest"
import { CredentialRepo, parseIpAddress, Session, type SessionId, SessionRepo } from "@sojourn/core"
import { Array, DateTime, Duration, Effect, Option } from "effect"
import { addresses, after, freshSessionId, now, type SessionFields } from "../Fixtures.ts"
import { type CredentialStore, eventsOf, expired, idle, passwordChanged, sessionsOf } from "./given.ts"
import { givenSession, storedSession } from "./givenCredential.ts"

const home = parseIpAddress(addresses.documentation)
const away = parseIpAddress(addresses.documentationIpv6)

const touch = (sessionId: SessionId, at: DateTime.Utc, ipAddress: Session["ipAddress"] = Option.none()) =>
  CredentialRepo.use((repo) => repo.touch([{ sessionId, at, ipAddress }]))

export const touchCases = (it: Vitest.MethodsNonLive<CredentialStore>): void => {
  it.effect("E14 E18 activity moves lastActivityAt and, without an address, nothing else; V5 never the expiry", () =>
    Effect.gen(function*() {
      const { id, session, userId } = yield* givenSession()
      yield* touch(id, after("1 hour"))
      assert.deepStrictEqual(
        yield* storedSession(id),
        Session.make({ ...session, lastActivityAt: after("1 hour") })
      )
      assert.strictEqual((yield* eventsOf(userId, 1)).length, 1, "activity is no event")
    }))

  it.effect.each(
    [
      ["E15 the same address: nothing else", home, home, [home, home]],
      ["E16 another address becomes the last one; the login's stays", home, away, [home, away]],
      ["E17 a login's address that was absent is filled", Option.none(), away, [away, away]],
      ["E18 no address: both stay", home, Option.none(), [home, home]]
    ] as const
  )("%s", ([, login, used, [first, last]]) =>
    Effect.gen(function*() {
      const { id } = yield* givenSession({ ipAddress: login, lastIpAddress: login })
      yield* touch(id, after("1 minute"), used)
      const { ipAddress, lastIpAddress } = yield* storedSession(id)
      assert.deepStrictEqual([ipAddress, lastIpAddress], [first, last])
    }))

  it.effect("E14 it never goes back: what is told late changes nothing", () =>
    Effect.gen(function*() {
      const { id } = yield* givenSession()
      yield* touch(id, after("1 hour"), home)
      const before = yield* storedSession(id)
      yield* touch(id, after("10 minutes"), away)
      assert.deepStrictEqual(yield* storedSession(id), before)
    }))

  it.effect("V5 it keeps a session from going idle, up to the absolute expiry and not beyond", () =>
    Effect.gen(function*() {
      const { id } = yield* givenSession({
        idleTimeout: Option.some(Duration.hours(1)),
        expiresAt: after("90 minutes")
      })
      yield* touch(id, after("59 minutes"))
      const touched = yield* storedSession(id)
      assert.deepStrictEqual(touched.activeUntil, after("90 minutes"))
      yield* touch(id, after("90 minutes"))
      assert.deepStrictEqual(yield* storedSession(id), touched)
    }))

  it.effect("V11 K20 it never resurrects: ended, expired and idle sessions stay as they are", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const ended = yield* givenSession()
      yield* repo.endAll(ended.userId, Option.none(), passwordChanged)
      const instant: SessionFields = { createdAt: after("-1 day"), idleTimeout: Option.some(Duration.days(1)) }
      const over = [ended, yield* givenSession(expired), yield* givenSession(idle), yield* givenSession(instant)]
      for (const { id, userId } of over) {
        const before = yield* sessionsOf(userId)
        yield* touch(id, now, away)
        assert.deepStrictEqual(yield* sessionsOf(userId), before)
      }
    }))

  it.effect("E14 many at once, unknown ones among them", () =>
    Effect.gen(function*() {
      const repo = yield* CredentialRepo
      const sessions = yield* Effect.replicateEffect(givenSession(), 20)
      const ids = [...sessions.map(({ id }) => id), yield* freshSessionId]
      yield* repo.touch(ids.map((sessionId) => ({ sessionId, at: after("2 hours"), ipAddress: Option.none() })))
      for (const { id } of sessions) assert.deepStrictEqual((yield* storedSession(id)).lastActivityAt, after("2 hours"))
      yield* repo.touch([])
    }))

  it.effect("E14 of 50 at once in any order the latest stays", () =>
    Effect.gen(function*() {
      const { id } = yield* givenSession()
      const minutes = Array.range(1, 50).map((n) => (n * 17) % 50)
      yield* Effect.forEach(minutes, (n) => touch(id, after(Duration.minutes(n))), { concurrency: "unbounded" })
      assert.deepStrictEqual((yield* storedSession(id)).lastActivityAt, after("49 minutes"))
    }))

  it.effect("V11 an activity that races with a sweep leaves the session alive, or ended when it stopped being active", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const born = DateTime.makeUnsafe("1973-01-01T00:00:00.000Z")
      const noon = DateTime.add(born, { hours: 1 })
      for (let round = 0; round < 20; round++) {
        const { id } = yield* givenSession({
          createdAt: born,
          expiresAt: DateTime.add(born, { days: 2 }),
          idleTimeout: Option.some(Duration.hours(1))
        })
        const late = DateTime.subtract(noon, { milliseconds: 1 })
        yield* Effect.all([touch(id, late), repo.sweep(noon, 1000)], { concurrency: "unbounded" })
        const session = yield* storedSession(id)
        if (Option.isNone(session.end)) assert.isTrue(session.isActive(noon))
        else assert.deepStrictEqual(session.end.value.at, noon)
      }
    }))
}
