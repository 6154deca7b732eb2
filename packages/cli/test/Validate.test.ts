import { assert, it } from "@effect/vitest"
import { CreateResult } from "@sojourn/cli/commands/create"
import { ValidateResult } from "@sojourn/cli/commands/validate"
import {
  makeToken,
  SessionId,
  SessionLookup,
  SessionPolicy,
  SessionRepoError,
  SessionRules,
  UserId
} from "@sojourn/core"
import { DateTime, Duration, Effect, Layer, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { idleCli, makeCli, memory, parse, Typed } from "./inProcess.ts"

/** A command line, and a session of alice that begins at noon on 1 November 2026. */
const withSession = Effect.fnUntraced(function*(services = memory) {
  yield* TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe("2026-11-01T12:00:00Z")))
  const cli = yield* makeCli(services)
  yield* cli(["users", "put", "alice"])
  const created = yield* parse(CreateResult)((yield* cli(["create", "alice", "--json"])).stdout)
  return { cli, ...created }
})

const asked = ["validate", "--json"]

it.effect("V1 validate: a good token tells the session, the user and the expiry", () =>
  Effect.gen(function*() {
    const { cli, expiresAt, sessionId, token } = yield* withSession()
    const { exitCode, stderr, stdout } = yield* cli(asked, token)
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    assert.deepStrictEqual(yield* parse(ValidateResult)(stdout), {
      valid: true,
      sessionId,
      userId: UserId.make("alice"),
      expiresAt
    })
    const { stdout: line } = yield* cli(["validate"], token)
    assert.strictEqual(line, `Valid: session ${sessionId} of alice, until 2026-12-01 12:00:00Z`)
  }))

it.effect("V1 validate: the token is the first line, whatever is around it", () =>
  Effect.gen(function*() {
    const { cli, token } = yield* withSession()
    for (const input of [`${token}\n`, `\ufeff  ${token}\t\r\nmore\n`, `${token}\n${"x".repeat(100_000)}`]) {
      assert.strictEqual((yield* cli(asked, input)).exitCode, 0)
    }
  }))

it.effect("V2 validate: garbage, an unknown session and a wrong secret are answered alike", () =>
  Effect.gen(function*() {
    const { cli, sessionId, token } = yield* withSession()
    const alice = UserId.make("alice")
    const secret = new Uint8Array(32).fill(7)
    const unknown = SessionId.make("019a3f5e-7c00-7a1b-8c2d-3e4f5a6b7c8d")
    const inputs = [
      "garbage",
      "",
      "\n",
      `\n${token}`,
      token.slice(0, -1),
      `${token}A`,
      token.toUpperCase(),
      "\0\ud800\u001b[2J",
      Redacted.value(makeToken(sessionId, alice, secret)),
      Redacted.value(makeToken(unknown, alice, secret)),
      "x".repeat(1_000_000)
    ]
    for (const input of inputs) {
      const { exitCode, stderr, stdout } = yield* cli(asked, input)
      assert.deepStrictEqual([exitCode, stderr, JSON.parse(stdout)], [1, "", { valid: false, reason: "invalid" }])
      const told = yield* cli(["validate"], input)
      assert.deepStrictEqual([told.exitCode, told.stderr, told.stdout], [
        1,
        "",
        "Not valid: the token is no session's"
      ])
    }
  }))

it.effect("V6 validate: a session that was ended is refused with the reason, exit code 1", () =>
  Effect.gen(function*() {
    const { cli, sessionId, token } = yield* withSession()
    yield* cli(["revoke", sessionId, "--reason", "password_changed"])
    const { exitCode, stderr, stdout } = yield* cli(asked, token)
    assert.deepStrictEqual([exitCode, stderr], [1, ""])
    assert.deepStrictEqual(JSON.parse(stdout), { valid: false, sessionId, reason: "password_changed" })
    const told = yield* cli(["validate"], token)
    assert.strictEqual(told.stdout, `Not valid: session ${sessionId} is over (password_changed)`)
  }))

it.effect("V6 validate: a session that made room for another is refused with that reason", () =>
  Effect.gen(function*() {
    const { cli, sessionId, token } = yield* withSession()
    yield* cli(["create", "--from", "-"], "{\"userId\":\"alice\"}\n{\"userId\":\"alice\"}")
    const { exitCode, stdout } = yield* cli(asked, token)
    assert.strictEqual(exitCode, 1)
    assert.deepStrictEqual(JSON.parse(stdout), { valid: false, sessionId, reason: "session_limit_exceeded" })
  }))

const idle = SessionRules.make({ idleTimeout: Option.some(Duration.days(7)) })

it.effect.each(
  [
    ["V3", memory, "29 days", "1 day", "expired"],
    ["V4", Layer.merge(memory, Layer.succeed(SessionPolicy, idle)), "6 days", "1 day", "idle"]
  ] as const
)(
  "%s validate: at the very instant the answer changes",
  ([, services, before, rest, reason]) =>
    Effect.gen(function*() {
      const { cli, sessionId, token } = yield* withSession(services)
      yield* TestClock.adjust(before)
      assert.strictEqual((yield* cli(asked, token)).exitCode, 0)
      yield* TestClock.adjust(rest)
      const { exitCode, stdout } = yield* cli(asked, token)
      assert.strictEqual(exitCode, 1)
      assert.deepStrictEqual(JSON.parse(stdout), { valid: false, sessionId, reason })
    })
)

const unavailable = new SessionRepoError({
  operation: "find",
  reason: "Unavailable",
  message: "It went away",
  cause: "test"
})
const away = Layer.merge(memory, Layer.succeed(SessionLookup, { credential: () => Effect.fail(unavailable) }))

it.effect("V12 validate: a database that is away is no answer: one line, nothing on standard output", () =>
  Effect.gen(function*() {
    const cli = yield* makeCli(away)
    const { exitCode, stderr, stdout } = yield* cli(asked, "garbage")
    assert.deepStrictEqual([exitCode, stderr, stdout], [1, "sojourn: It went away", ""])
  }))

it.effect("V1 validate: at a terminal the token is asked for on standard error and not shown", () =>
  Effect.gen(function*() {
    const { cli, sessionId, token } = yield* withSession()
    const { exitCode, progress, stderr, stdout } = yield* cli(asked, new Typed(`${token}\r`))
    assert.deepStrictEqual([exitCode, stderr, JSON.parse(stdout).sessionId], [0, "", sessionId])
    assert.include(progress, "Session token (not shown)")
    const shown = [...progress.matchAll(/›([^›…]*)/g)].map(([, text]) => text)
    assert.strictEqual(shown.length, token.length + 1)
    assert.strictEqual(new Set(shown.slice(0, token.length)).size, 1)
  }))

it.effect("validate: at a terminal the token is asked for before anything is started", () =>
  Effect.gen(function*() {
    const { exitCode, progress, stderr } = yield* idleCli()(["validate"], new Typed("x\r"))
    assert.strictEqual(exitCode, 1)
    assert.include(progress, "✔")
    assert.include(stderr, "The services were started")
  }))

const token = "sjn1_AZo_XnwAehuMLT5PWmt8jRI0.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

it.effect.each([
  [[token]],
  [["garbage"]],
  [["--", "garbage"]],
  [[token, "garbage"]],
  [["--token", token]],
  [["--token", "garbage"]],
  [[`--token=${token}`]],
  [["--token=garbage"]],
  [[`--${token}`]]
])(
  "validate %j is a wrong use: exit code 2, one line, the token is not repeated and nothing is started",
  ([args]) =>
    Effect.gen(function*() {
      const { exitCode, progress, stderr, stdout } = yield* idleCli()([...asked, ...args!], new Typed(""))
      assert.deepStrictEqual([exitCode, stdout, progress], [2, "", ""])
      assert.match(stderr, /^sojourn: .*see "sojourn validate --help"$/)
      assert.notMatch(stderr, /garbage|AZo_|AAEC/)
    })
)

it.effect("validate: a token as an argument is told where tokens go", () =>
  Effect.gen(function*() {
    const { stderr } = yield* idleCli()(["validate", token])
    assert.include(stderr, "The token goes to standard input")
  }))

it.effect.each([
  [[token]],
  [["show", token]],
  [["revoke", token]],
  [["revoke-all", "alice", "--except", token]],
  [["create", "alice", "--expires-in", token]],
  [["create", token, token]],
  [["create", token]],
  [["create", "--from", token]],
  [["users", token]]
])("%j, a token in any other wrong place, is not repeated either", ([args]) =>
  Effect.gen(function*() {
    const cli = yield* makeCli()
    const { exitCode, stderr, stdout } = yield* cli(args!)
    assert.include([1, 2], exitCode)
    assert.match(stderr, /^sojourn: [^\n]+$/)
    assert.notMatch(stdout + stderr, /AZo_|AAEC/)
  }))
