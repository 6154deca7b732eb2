import { assert, it } from "@effect/vitest"
import { RevokeResult } from "@sojourn/cli/commands/revoke"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { idleCli, parse } from "./inProcess.ts"
import { endings, signedIn } from "./signedIn.ts"

const decode = parse(RevokeResult)
const unknown = "019a3f5e-7c00-7a1b-8c2d-3e4f5a6b7c8d"
const validate = ["validate", "--json"]

it.effect("R1, R4, R9 revoke: the session's id; an administrator did it, and the event says why", () =>
  Effect.gen(function*() {
    const { alice: [phone, laptop], cli } = yield* signedIn({ alice: 2, bob: 0 })
    const { exitCode, stderr, stdout } = yield* cli(["revoke", phone!.sessionId, "--json"])
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    assert.deepStrictEqual(yield* decode(stdout), { revoked: [phone!.sessionId], alreadyEnded: [] })
    assert.strictEqual((yield* cli(validate, phone!.token)).exitCode, 1)
    assert.strictEqual((yield* cli(validate, laptop!.token)).exitCode, 0)
    assert.deepStrictEqual(
      (yield* endings(cli)).map(({ _tag, actor, device, reason, sessionId }) => [
        _tag,
        sessionId,
        reason,
        actor.kind,
        device.name
      ]),
      [["SessionRevoked", phone!.sessionId, "admin_action", "administrator", "Chrome on macOS"]]
    )
  }))

it.effect("R2, R7 revoke: once more is no failure, says so, and the first reason stays", () =>
  Effect.gen(function*() {
    const { alice: [phone], cli } = yield* signedIn({ alice: 1, bob: 0 })
    yield* cli(["revoke", phone!.sessionId, "--reason", "security_concern"])
    yield* TestClock.adjust("1 minute")
    const { exitCode, stdout } = yield* cli(["revoke", phone!.sessionId, "--reason", "logout", "--json"])
    assert.strictEqual(exitCode, 0)
    assert.deepStrictEqual(yield* decode(stdout), { revoked: [], alreadyEnded: [phone!.sessionId] })
    const shown = JSON.parse((yield* cli(["show", phone!.sessionId, "--json"])).stdout)
    assert.deepStrictEqual([shown.endedReason, shown.endedAt], ["security_concern", "2026-11-01T12:00:01.000Z"])
    assert.strictEqual((yield* endings(cli)).length, 1)
    assert.include((yield* cli(["revoke", phone!.sessionId])).stdout, "was over before")
  }))

it.effect.each([["revoke"], ["show"]])(
  "R5, Q5 %s: an unknown session is one line, exit code 1",
  ([command]) =>
    Effect.gen(function*() {
      const { cli } = yield* signedIn({ alice: 1, bob: 0 })
      const { exitCode, stderr, stdout } = yield* cli([command!, unknown, "--json"])
      assert.deepStrictEqual([exitCode, stdout], [1, ""])
      assert.strictEqual(
        stderr,
        `sojourn: No session with the id ${unknown}; "sojourn list <user-id> --all" shows a user's`
      )
      assert.deepStrictEqual(yield* endings(cli), [])
    })
)

it.effect("A1, A3 revoke-all: all of the user's, nobody else's; an event for each and one for all", () =>
  Effect.gen(function*() {
    const { alice, bob, cli } = yield* signedIn({ alice: 3, bob: 1 })
    const ids = alice.map(({ sessionId }) => sessionId)
    const { exitCode, stdout } = yield* cli(["revoke-all", "alice", "--reason", "password_changed", "--json"])
    const { alreadyEnded, revoked } = yield* decode(stdout)
    assert.deepStrictEqual([exitCode, revoked.toSorted(), alreadyEnded], [0, ids, []])
    for (const { token } of alice) assert.strictEqual((yield* cli(validate, token)).exitCode, 1)
    assert.strictEqual((yield* cli(validate, bob[0]!.token)).exitCode, 0)
    const events = yield* endings(cli)
    assert.deepStrictEqual(events.map(({ _tag }) => _tag).toSorted(), [
      ...ids.map(() => "SessionRevoked"),
      "SessionsRevoked"
    ])
    assert.isTrue(
      events.every(({ actor, reason, userId }) =>
        actor.kind === "administrator" && reason === "password_changed" && userId === "alice"
      )
    )
    assert.deepStrictEqual(events.flatMap(({ count }) => count ?? []), [3])
  }))

it.effect("A4 revoke-all --except: the session to keep stays", () =>
  Effect.gen(function*() {
    const { alice: [phone, laptop, desktop], cli } = yield* signedIn({ alice: 3, bob: 0 })
    const { exitCode, stdout } = yield* cli(["revoke-all", "alice", "--except", laptop!.sessionId, "--json"])
    const { revoked } = yield* decode(stdout)
    assert.deepStrictEqual([exitCode, revoked.toSorted()], [0, [phone!.sessionId, desktop!.sessionId]])
    assert.strictEqual((yield* cli(validate, laptop!.token)).exitCode, 0)
    assert.strictEqual((yield* cli(validate, desktop!.token)).exitCode, 1)
    const again = yield* cli(["revoke-all", "alice", "--except", laptop!.sessionId])
    assert.deepStrictEqual([again.exitCode, again.stdout], [0, "alice has no other active session"])
  }))

it.effect("A5 revoke-all --except: what is not an active session of the user's ends none, exit code 1", () =>
  Effect.gen(function*() {
    const { alice, bob, cli } = yield* signedIn({ alice: 2, bob: 1 })
    yield* cli(["revoke", alice[0]!.sessionId])
    for (const kept of [bob[0]!.sessionId, alice[0]!.sessionId, unknown]) {
      const { exitCode, stderr, stdout } = yield* cli(["revoke-all", "alice", "--except", kept, "--json"])
      assert.deepStrictEqual([exitCode, stdout], [1, ""])
      assert.match(stderr, /^sojourn: The session \S+ is not an active one of user "alice", so no session was ended$/)
    }
    assert.strictEqual((yield* cli(validate, alice[1]!.token)).exitCode, 0)
    assert.strictEqual((yield* endings(cli)).length, 1)
  }))

it.effect("A6 revoke-all: nobody's sessions are none, and no failure", () =>
  Effect.gen(function*() {
    const { cli } = yield* signedIn({ alice: 0, bob: 0 })
    for (const user of ["alice", "nobody"]) {
      const { exitCode, stdout } = yield* cli(["revoke-all", user, "--json"])
      assert.deepStrictEqual([exitCode, yield* decode(stdout)], [0, { revoked: [], alreadyEnded: [] }])
    }
    assert.strictEqual((yield* cli(["revoke-all", "alice"])).stdout, "alice has no active session")
  }))

it.effect("revoke and revoke-all: for people, too", () =>
  Effect.gen(function*() {
    const { alice: [phone, laptop], cli } = yield* signedIn({ alice: 2, bob: 0 })
    assert.strictEqual((yield* cli(["revoke", phone!.sessionId])).stdout, `Ended session ${phone!.sessionId}`)
    assert.strictEqual(
      (yield* cli(["revoke-all", "alice"])).stdout,
      `Ended session ${laptop!.sessionId}\nalice is signed out everywhere`
    )
  }))

it.effect.each(
  [
    [["revoke"], 2, "session-id"],
    [["revoke", unknown, unknown], 2, unknown],
    [["revoke", "alice"], 1, "cannot be a session id"],
    [["revoke", unknown.toUpperCase()], 1, "lower-case UUID"],
    [["show", ""], 1, "cannot be a session id"],
    [["revoke-all", "alice", "--except", "bob"], 1, "cannot be a session id"],
    [["revoke-all", "al\0ice"], 1, "cannot be a user id"],
    ...["expired", "idle", "session_limit_exceeded", "rotation_reuse", "because"].flatMap((reason) => [
      [["revoke", unknown, "--reason", reason], 2, "admin_action"] as const,
      [["revoke-all", "alice", "--reason", reason], 2, "admin_action"] as const
    ])
  ] as const
)("E9 %j is refused before anything is started: exit code %d", ([args, code, told]) =>
  Effect.gen(function*() {
    const { exitCode, stderr, stdout } = yield* idleCli()([...args, "--json"])
    assert.deepStrictEqual([exitCode, stdout], [code, ""])
    assert.match(stderr, /^sojourn: [^\n]+$/)
    assert.include(stderr, told)
  }))
