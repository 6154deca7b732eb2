import { assert, describe, it } from "@effect/vitest"
import {
  Actor,
  EndReason,
  parseIpAddress,
  Session,
  SessionEnd,
  SessionId,
  system,
  toCached,
  UserId
} from "@sojourn/core"
import { Fixtures, Generators } from "@sojourn/testing"
import { Arbitrary, DateTime, Duration, Option, Schema } from "effect"

const { after, now, session } = Fixtures
const justBefore = (time: DateTime.Utc) => DateTime.subtract(time, { milliseconds: 1 })
const logout = SessionEnd.make({ at: after("1 hour"), reason: "logout", actor: Actor.make({ kind: "user" }) })
const home = parseIpAddress(Fixtures.addresses.documentation)
const away = parseIpAddress(Fixtures.addresses.documentationIpv6)

const instant = Arbitrary.schema(Session.fields.createdAt)

describe("Session", () => {
  it("E1 by default: not ended, not trusted, nothing suspicious, nothing known", () => {
    const begun = Session.make({
      id: SessionId.make("019ca945-0a00-7a3b-8c1d-5e6f708192a3"),
      userId: UserId.make("alice"),
      createdAt: now,
      lastActivityAt: now,
      expiresAt: after("30 days")
    })
    const { device, end, idleTimeout, ipAddress, lastIpAddress, location, refreshTokenId, userAgent } = begun
    for (const absent of [device, end, idleTimeout, ipAddress, lastIpAddress, location, refreshTokenId, userAgent]) {
      assert.deepStrictEqual(absent, Option.none())
    }
    assert.isFalse(begun.trusted)
    assert.strictEqual(begun.suspiciousActivityCount, 0)
  })

  it("E3 active when not ended, not expired, not idle", () => {
    assert.isTrue(session().isActive(now))
    assert.isTrue(session().isActive(justBefore(after("30 days"))))
  })

  it("E4 V3 not active at the very instant of its expiry, nor later", () => {
    assert.isFalse(session().isActive(after("30 days")))
    assert.isFalse(session().isActive(after("31 days")))
  })

  it("E5 V4 not active at the very instant of its idle timeout, counted from the last activity", () => {
    const idling = session({ idleTimeout: Option.some(Duration.hours(1)), lastActivityAt: after("10 minutes") })
    assert.deepStrictEqual(idling.activeUntil, after("70 minutes"))
    assert.isTrue(idling.isActive(justBefore(after("70 minutes"))))
    assert.isFalse(idling.isActive(after("70 minutes")))
  })

  it("E6 an idle timeout beyond the expiry changes nothing", () => {
    const idling = session({ idleTimeout: Option.some(Duration.days(90)) })
    assert.deepStrictEqual(idling.activeUntil, after("30 days"))
  })

  it("E7 E8 an ended session is not active, whatever its times say", () => {
    assert.isFalse(session().ended(logout).isActive(now))
  })

  it.prop("E3-E8 active exactly when not ended and now < the earlier end; half-open", {
    session: Generators.session,
    at: instant
  }, ({ at, session }) => {
    const idleEnd = Option.map(session.idleTimeout, (idle) => DateTime.addDuration(session.lastActivityAt, idle))
    const expected = Option.isNone(session.end) && DateTime.isLessThan(at, session.expiresAt) &&
      Option.match(idleEnd, { onNone: () => true, onSome: (end) => DateTime.isLessThan(at, end) })
    assert.strictEqual(session.isActive(at), expected)
    assert.isFalse(session.isActive(session.activeUntil))
    assert.strictEqual(session.isActive(justBefore(session.activeUntil)), Option.isNone(session.end))
  }, { arbitrary: { runs: 200 } })

  it.prop("E3-E8 the cached form is active exactly when the session is", {
    session: Generators.session,
    at: instant
  }, ({ at, session }) => {
    const alive = Session.make({ ...session, end: Option.none() })
    assert.strictEqual(toCached(alive, Fixtures.secretHash, 0).isActive(at), alive.isActive(at))
  })

  it("E9 ending sets time, reason and actor, and nothing else", () => {
    assert.deepStrictEqual(session().ended(logout), session({ end: Option.some(logout) }))
  })

  it("E10 R2 the first end stays", () => {
    const ended = session().ended(logout)
    const again = SessionEnd.make({ at: after("2 hours"), reason: "admin_action", actor: system })
    assert.strictEqual(ended.ended(again), ended)
  })

  it("E11-E13 the vocabulary of reasons is closed", () => {
    assert.deepStrictEqual([...EndReason.literals], [
      "logout",
      "session_limit_exceeded",
      "password_changed",
      "admin_action",
      "security_concern",
      "rotation_reuse",
      "user_deleted",
      "expired",
      "idle"
    ])
    assert.isFalse(Schema.is(EndReason)("Logout"))
  })

  it("E14 activity moves lastActivityAt, V5 and never the expiry", () => {
    const touched = session().touched(after("1 hour"), home)
    assert.deepStrictEqual(touched, session({ lastActivityAt: after("1 hour") }))
    assert.deepStrictEqual(touched.expiresAt, session().expiresAt)
  })

  it("E14 activity that is told late does not go back in time", () => {
    const touched = session().touched(after("1 hour"), home)
    assert.deepStrictEqual(touched.touched(after("10 minutes"), home), touched)
  })

  it("E15 the same address: nothing else", () => {
    const { ipAddress, lastIpAddress } = session().touched(after("1 hour"), home)
    assert.deepStrictEqual([ipAddress, lastIpAddress], [home, home])
  })

  it("E16 another address becomes the last one, the login's stays", () => {
    const { ipAddress, lastIpAddress } = session().touched(after("1 hour"), away)
    assert.deepStrictEqual([ipAddress, lastIpAddress], [home, away])
  })

  it("E17 a login's address that was absent is filled, once", () => {
    const unknown = session({ ipAddress: Option.none(), lastIpAddress: Option.none() })
    const filled = unknown.touched(after("1 hour"), away)
    assert.deepStrictEqual([filled.ipAddress, filled.lastIpAddress], [away, away])
    assert.deepStrictEqual(filled.touched(after("2 hours"), home).ipAddress, away)
  })

  it("E18 without an address only the time moves", () => {
    assert.deepStrictEqual(
      session().touched(after("1 hour"), Option.none()),
      session({ lastActivityAt: after("1 hour") })
    )
  })

  it("V11 activity does nothing to a session that is over", () => {
    const idling = session({ idleTimeout: Option.some(Duration.hours(1)) })
    for (
      const [over, at] of [[session().ended(logout), now], [session(), after("30 days")], [
        idling,
        after("1 hour")
      ]] as const
    ) {
      assert.strictEqual(over.touched(at, away), over)
    }
  })

  it.prop("V5 no activity ever brings a session back or moves its expiry", {
    session: Generators.session,
    at: instant,
    ip: Generators.ipAddress
  }, ({ at, ip, session }) => {
    const touched = session.touched(at, Option.some(ip))
    assert.deepStrictEqual(touched.expiresAt, session.expiresAt)
    assert.deepStrictEqual(touched.end, session.end)
    assert.isTrue(DateTime.isGreaterThanOrEqualTo(touched.lastActivityAt, session.lastActivityAt))
    assert.strictEqual(touched.isActive(at), session.isActive(at))
  }, { arbitrary: { runs: 200 } })

  it("E24 E25 suspicious activity counts one by one, and touches nothing else", () => {
    assert.deepStrictEqual(session().suspected().suspected(), session({ suspiciousActivityCount: 2 }))
  })

  it("E24 the count stops at the greatest there is", () => {
    const most = session({ suspiciousActivityCount: 2_147_483_647 })
    assert.deepStrictEqual(most.suspected(), most)
  })

  it("E26 E27 trusting marks the device, and again changes nothing", () => {
    const trusted = session().trust()
    assert.deepStrictEqual(trusted, session({ trusted: true }))
    assert.strictEqual(trusted.trust(), trusted)
  })

  it("Q11 holds no secret and no hash of one", () => {
    assert.deepStrictEqual(Object.keys(Session.fields).toSorted(), [
      "createdAt",
      "device",
      "end",
      "expiresAt",
      "id",
      "idleTimeout",
      "ipAddress",
      "lastActivityAt",
      "lastIpAddress",
      "location",
      "refreshTokenId",
      "suspiciousActivityCount",
      "trusted",
      "userAgent",
      "userId"
    ])
  })
})
