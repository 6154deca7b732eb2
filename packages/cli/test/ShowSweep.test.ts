import { assert, it } from "@effect/vitest"
import { ListItem } from "@sojourn/cli/commands/list"
import { ShowResult } from "@sojourn/cli/commands/show"
import { SweepResult } from "@sojourn/cli/commands/sweep"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { parse } from "./inProcess.ts"
import { endings, signedIn } from "./signedIn.ts"

it.effect("Q11 show: all that the list shows, and more; no secret", () =>
  Effect.gen(function*() {
    const { alice: [session], cli } = yield* signedIn({ alice: 1, bob: 1 })
    const { exitCode, stderr, stdout } = yield* cli(["show", session!.sessionId, "--json"])
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    yield* parse(ShowResult)(stdout)
    const listed = JSON.parse((yield* cli(["list", "alice", "--json"])).stdout).sessions[0]
    assert.deepStrictEqual(Object.keys(listed), Object.keys(ListItem.fields))
    assert.deepStrictEqual(JSON.parse(stdout), {
      ...listed,
      userId: "alice",
      lastIpAddress: "8.8.8.8",
      userAgent: "x",
      idleTimeout: null,
      suspiciousActivityCount: 0,
      endedBy: null
    })
    for (const half of session!.token.slice("sjn1_".length).split(".")) assert.notInclude(stdout, half)
    assert.notMatch(stdout, /[0-9a-f]{64}/)
  }))

it.effect("R9 show: who ended the session, when and why", () =>
  Effect.gen(function*() {
    const { alice: [session], cli } = yield* signedIn({ alice: 1, bob: 0 })
    yield* cli(["revoke", session!.sessionId, "--reason", "security_concern"])
    const shown = yield* parse(ShowResult)((yield* cli(["show", session!.sessionId, "--json"])).stdout)
    assert.deepStrictEqual([shown.active, shown.endedReason, shown.endedBy?.kind], [
      false,
      "security_concern",
      "administrator"
    ])
    const { stdout } = yield* cli(["show", session!.sessionId])
    assert.include(stdout, "State         ended: security_concern\nEnded         2026-11-01 12:00:01Z\n")
    assert.include(stdout, "Ended by      the administrator\nDevice        Chrome on macOS\n")
    assert.notInclude(stdout, "\u001b")
  }))

it.effect("show: finds what is beyond a list's length", () =>
  Effect.gen(function*() {
    const { alice: [oldest], cli } = yield* signedIn({ alice: 1, bob: 0 })
    yield* cli(["create", "--from", "-"], Array.from({ length: 120 }, () => "{\"userId\":\"alice\"}").join("\n"))
    assert.notInclude((yield* cli(["list", "alice", "--all", "--json"])).stdout, oldest!.sessionId)
    const shown = yield* parse(ShowResult)((yield* cli(["show", oldest!.sessionId, "--json"])).stdout)
    assert.deepStrictEqual([shown.endedReason, shown.endedBy?.kind], ["session_limit_exceeded", "system"])
  }))

const swept = parse(SweepResult)

it.effect("P13, P11 sweep: what has expired ends, with its event; what is old is deleted; the rest stays", () =>
  Effect.gen(function*() {
    const { alice, bob, cli } = yield* signedIn({ alice: 2, bob: 1 })
    const sweep = Effect.flatMap(cli(["sweep", "--json"]), ({ stderr, stdout }) => {
      assert.strictEqual(stderr, "")
      return swept(stdout)
    })
    const nothing = { ended: 0, purgedSessions: 0, purgedEvents: 0 }
    assert.deepStrictEqual(yield* sweep, nothing)

    yield* TestClock.adjust("20 days")
    yield* cli(["revoke", bob[0]!.sessionId])
    yield* cli(["create", "bob"])
    yield* TestClock.adjust("10 days")
    assert.include((yield* cli(["show", alice[0]!.sessionId])).stdout, "State         expired or idle\nDevice")
    assert.deepStrictEqual(yield* sweep, { ...nothing, ended: 2 })
    assert.deepStrictEqual(yield* sweep, nothing)
    assert.deepStrictEqual(
      (yield* endings(cli)).map(({ _tag, reason, userId }) => [_tag, reason, userId]),
      [
        ["SessionRevoked", "admin_action", "bob"],
        ["SessionExpired", "expired", "alice"],
        ["SessionExpired", "expired", "alice"]
      ]
    )
    const shown = yield* parse(ShowResult)((yield* cli(["show", alice[0]!.sessionId, "--json"])).stdout)
    assert.deepStrictEqual([shown.endedReason, shown.endedAt, shown.endedBy?.kind], [
      "expired",
      shown.expiresAt,
      "system"
    ])
    assert.strictEqual(JSON.parse((yield* cli(["list", "bob", "--json"])).stdout).active, 1)

    yield* TestClock.adjust("91 days")
    assert.deepStrictEqual(yield* sweep, { ended: 1, purgedSessions: 3, purgedEvents: 0 })
    assert.strictEqual((yield* cli(["show", alice[0]!.sessionId])).exitCode, 1)
    yield* TestClock.adjust("400 days")
    const { stdout } = yield* cli(["sweep"])
    assert.strictEqual(
      stdout,
      "Ended 0 sessions that had expired or gone idle\nDeleted 1 old session and 8 old events"
    )
  }))
