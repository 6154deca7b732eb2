import { assert, it } from "@effect/vitest"
import {
  CredentialRepo,
  EndReason,
  eraseUser,
  EventLog,
  getSession,
  ListSessions,
  listSessions,
  LoggedEvent,
  RecordSuspiciousActivity,
  recordSuspiciousActivity,
  RevokeAllSessions,
  revokeAllSessions,
  RevokeSession,
  revokeSession,
  rotateSession,
  Session,
  SessionRepoError,
  type SessionToken,
  StalenessBound,
  sweepSessions,
  system,
  touchSession,
  trustSession,
  validateSession
} from "@sojourn/core"
import { EventBusTest, Fixtures, SessionCacheTest } from "@sojourn/testing"
import { Effect, Exit, Layer, Option, Redacted, Schema } from "effect"
import { TestClock } from "effect/testing"
import { createHash } from "node:crypto"
import { inspect } from "node:util"
import { logIn, sojourn, userId } from "./alice.ts"
import { recorded } from "./recorded.ts"

const whole = <A>(value: A) =>
  inspect(value, { depth: 20, showHidden: true, getters: true, maxArrayLength: null, maxStringLength: null })

/** Everything around the handlers is broken, so that everything that is logged is logged. */
const broken = Effect.provide(Layer.merge(SessionCacheTest.failing, EventBusTest.defective))
const storeAway = Effect.provide(Layer.effect(
  CredentialRepo,
  Effect.map(CredentialRepo, (repo) => ({
    ...repo,
    rotate: () =>
      Effect.fail(new SessionRepoError({ operation: "rotate", reason: "Unavailable", message: "away", cause: "test" }))
  }))
))

/** A life with every handler in it; gives the tokens that there were, and what it gave and failed with besides. */
const life = Effect.gen(function*() {
  const tokens: Array<SessionToken> = []
  const shown: Array<unknown> = []
  const show = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.map(Effect.exit(effect), (exit) => void shown.push(exit))
  const ip = Option.some(Fixtures.addresses.documentation)

  const first = yield* logIn
  const second = yield* logIn
  tokens.push(first.token, second.token)
  const { session } = yield* validateSession(first.token)
  yield* TestClock.adjust(yield* StalenessBound)
  yield* validateSession(first.token)
  yield* TestClock.adjust("1 minute")
  yield* touchSession(session, ip)
  yield* TestClock.adjust("1 second")
  yield* show(trustSession(first.sessionId, userId))
  yield* show(recordSuspiciousActivity(RecordSuspiciousActivity.make({ sessionId: first.sessionId })))
  const rotated = yield* rotateSession(first.token)
  const again = yield* rotateSession(rotated)
  tokens.push(rotated, again)
  yield* show(rotateSession(second.token).pipe(storeAway))
  yield* show(validateSession(first.token))
  yield* show(rotateSession(again))
  yield* show(validateSession(Redacted.make(`${Redacted.value(again).slice(0, -2)}AA`)))
  yield* show(revokeSession(RevokeSession.make({ sessionId: second.sessionId, actor: system })))
  yield* show(validateSession(second.token))
  yield* show(listSessions(ListSessions.make({ userId, all: true })))
  yield* show(revokeAllSessions(RevokeAllSessions.make({ userId, actor: system })))
  yield* show(getSession(second.sessionId, userId))
  yield* show(sweepSessions())
  const log = yield* EventLog
  const events = yield* log.read({ after: 0, limit: 1000, userId: Option.none() })
  shown.push(events, yield* Schema.encodeEffect(Schema.toCodecJson(Schema.Array(LoggedEvent)))(events))
  yield* show(eraseUser(userId, system))
  return { tokens, shown }
})

it.effect("no token or secret in a log, a span, an event, a list or an error of any handler", () =>
  Effect.gen(function*() {
    for (const surroundings of [<A, E, R>(self: Effect.Effect<A, E, R>) => self, broken]) {
      const { exit, labels, logs, spans } = yield* recorded(life.pipe(surroundings)).pipe(
        Effect.provide(sojourn, { local: true })
      )
      const { shown, tokens } = yield* exit
      const traced = spans.map((span) =>
        `${span.name} ${whole([...span.attributes])} ${whole(span.events)} ${whole(span.status)}`
      )
      const texts = [...logs, ...traced, ...shown.map(whole), ...shown.map((each) => JSON.stringify(each))]
      assert.isAtLeast(spans.length, 12)
      assert.strictEqual(tokens.length, 4)
      assert.isTrue(shown.some((each) => Exit.isExit(each) && Exit.isFailure(each)))
      for (const token of tokens) {
        const secret = Redacted.value(token).split(".")[1]!
        const hex = Buffer.from(secret, "base64url").toString("hex")
        for (const text of texts) {
          assert.notInclude(text, secret)
          assert.notInclude(text, hex)
        }
      }
      const words = new Set<string>([
        "valid",
        "invalid_token",
        "store_error",
        "front",
        "cache",
        "store",
        ...EndReason.literals
      ])
      assert.isAtLeast(labels.length, 10)
      assert.deepStrictEqual(labels.filter((label) => !words.has(label)), [], "a closed vocabulary")
      const attributes = spans.map((span) => `${whole([...span.attributes])} ${whole(span.events)}`)
      const hashes = tokens.map((token) =>
        createHash("sha256").update(Buffer.from(Redacted.value(token).split(".")[1]!, "base64url")).digest("hex")
      )
      for (const text of [...logs, ...attributes]) {
        for (const each of [...hashes, Fixtures.addresses.documentation]) assert.notInclude(text, each)
      }
    }
  }))

it.effect("Q11 no hash of a secret in a list or an event", () =>
  Effect.gen(function*() {
    const bus = EventBusTest.recording()
    const credentials = yield* CredentialRepo
    const { sessionId, token } = yield* logIn
    yield* rotateSession(token).pipe(Effect.provide(bus.layer))
    const [found] = yield* credentials.find([sessionId])
    const { sessions } = yield* listSessions(ListSessions.make({ userId }))
    const listed = yield* Schema.encodeEffect(Schema.toCodecJson(Schema.Array(Session)))(
      sessions.map(({ session }) => session)
    )
    for (const text of [JSON.stringify(listed), whole(sessions), whole(bus.published)]) {
      assert.notInclude(text, found!.secretHash)
      assert.notInclude(text, Option.getOrThrow(found!.previous).hash)
    }
  }).pipe(Effect.provide(sojourn)))

it.effect("Q11 no hash of a secret where a request's session is shown or logged", () =>
  Effect.gen(function*() {
    const { sessionId, token } = yield* logIn
    const { session } = yield* validateSession(token)
    const { exit, logs } = yield* recorded(Effect.logInfo("who asks", session))
    yield* exit
    for (const text of [JSON.stringify({ session }), whole({ session }), `${logs}`]) {
      assert.include(text, sessionId)
      assert.notInclude(text, session.secretHash)
    }
  }).pipe(Effect.provide(sojourn)))
