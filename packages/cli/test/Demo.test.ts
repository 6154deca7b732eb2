import { assert, it } from "@effect/vitest"
import { DemoResult } from "@sojourn/cli/commands/demo"
import { Effect } from "effect"
import { parse } from "./inProcess.ts"
import { sojourn } from "./process.ts"

const timeout = 60_000

it.live(
  "C8, C12, V1, V6, R1 demo: three logins, the third ends the first; a lost phone is signed out, the desktop is not",
  () =>
    Effect.gen(function*() {
      const { exitCode, stderr, stdout } = yield* sojourn(["demo", "--json"])
      assert.deepStrictEqual([exitCode, stderr], [0, ""])
      const { active, events, logins, revoked, sessions, total, user, validated } = yield* parse(DemoResult)(stdout)
      assert.deepStrictEqual([user.tier, user.limit, total, active], ["basic", 2, 3, 2])
      assert.deepStrictEqual(logins.map(({ deviceInfo }) => deviceInfo), [
        "Chrome on macOS",
        "Safari on iOS",
        "Firefox on Ubuntu"
      ])
      assert.strictEqual(new Set(logins.map(({ location }) => location)).size, 3)
      assert.notInclude(logins.map(({ location }) => location), null)
      assert.deepStrictEqual(logins.map(({ evicted }) => evicted), [[], [], [logins[0]!.sessionId]])
      assert.deepStrictEqual(
        sessions.map(({ sessionId }) => sessionId),
        logins.map(({ sessionId }) => sessionId).toReversed()
      )
      assert.deepStrictEqual(sessions.map(({ endedReason }) => endedReason), [null, null, "session_limit_exceeded"])
      assert.deepStrictEqual(events.map(({ event }) => event._tag), [
        "SessionCreated",
        "SessionCreated",
        "SessionEvicted",
        "SessionCreated",
        "SessionRevoked"
      ])
      const [laptop, phone, desktop] = [logins[0]!, logins[1]!, logins[2]!]
      assert.deepStrictEqual(revoked, { revoked: [phone.sessionId], alreadyEnded: [] })
      assert.deepStrictEqual(validated, [
        { valid: false, sessionId: laptop.sessionId, reason: "session_limit_exceeded" },
        { valid: false, sessionId: phone.sessionId, reason: "security_concern" },
        { valid: true, sessionId: desktop.sessionId, userId: user.userId, expiresAt: desktop.expiresAt }
      ])
    }),
  timeout
)

it.live("demo: told for people, plain when not a terminal", () =>
  Effect.gen(function*() {
    const { exitCode, stderr, stdout } = yield* sojourn(["demo"])
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    for (
      const part of [
        "$ sojourn create alice --ip 8.8.8.8",
        "Safari on iOS",
        "the oldest session ended",
        "SessionEvicted",
        "is over (security_concern)",
        "Valid: session"
      ]
    ) {
      assert.include(stdout, part)
    }
    assert.notInclude(stdout, "\u001b")
    assert.notMatch(stdout, /sjn1_[A-Za-z0-9_-]{24}/)
  }), timeout)
