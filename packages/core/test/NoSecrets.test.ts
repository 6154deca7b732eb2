import { assert, it } from "@effect/vitest"
import {
  CreateSession,
  createSession,
  EventLog,
  LoggedEvent,
  parseToken,
  Session,
  SessionRepo,
  User,
  UserId
} from "@sojourn/core"
import { EnricherTest, EventBusTest, Fixtures, SessionCacheTest, SojournTest } from "@sojourn/testing"
import { Effect, Layer, Option, Redacted, Schema } from "effect"
import { Hex } from "effect/encoding"
import { inspect } from "node:util"
import { recorded } from "./recorded.ts"

const userId = UserId.make("alice")
const command = CreateSession.make({
  userId,
  ipAddress: Option.some(Fixtures.addresses.documentation),
  userAgent: Option.some(Fixtures.userAgents.chromeOnMacOS)
})
const sojourn = SojournTest.layer({ users: [User.make({ id: userId, maxSessions: Option.some(1) })] })

/** Everything around the login is broken, so that everything that is logged is logged. */
const broken = Effect.provide(
  Layer.mergeAll(
    EnricherTest.device(EnricherTest.failing).layer,
    EnricherTest.location(EnricherTest.defective).layer,
    SessionCacheTest.failing,
    EventBusTest.defective
  )
)

const whole = <A>(value: A) =>
  inspect(value, { depth: 20, showHidden: true, getters: true, maxArrayLength: null, maxStringLength: null })

it.effect("no token, secret or full address in a log or a span, in whatever state of disrepair", () =>
  Effect.gen(function*() {
    for (const surroundings of [<A, E, R>(login: Effect.Effect<A, E, R>) => login, broken]) {
      const { exit, logs, spans } = yield* recorded(createSession(command).pipe(surroundings))
      const { token } = yield* exit
      const { secret } = Option.getOrThrow(parseToken(token))
      const traced = spans.map((span) =>
        `${span.name} ${whole([...span.attributes])} ${whole(span.events)} ${whole(span.status)}`
      )
      assert.isAtLeast(spans.length, 1)
      for (const text of [...logs, ...traced]) {
        assert.notInclude(text, Redacted.value(token))
        assert.notInclude(text, Redacted.value(token).split(".")[1]!)
        assert.notInclude(text, Hex.encode(Redacted.value(secret)))
        assert.notInclude(text, Fixtures.addresses.documentation)
      }
    }
  }).pipe(Effect.provide(sojourn)))

it.effect("the token is in the response, and printing or encoding the rest does not show it", () =>
  Effect.gen(function*() {
    const repo = yield* SessionRepo
    const log = yield* EventLog
    const response = yield* createSession(command)
    const secretHalf = Redacted.value(response.token).split(".")[1]!
    const { sessions } = yield* repo.list({ userId, now: Fixtures.now, all: true, before: Option.none(), limit: 10 })
    const events = yield* log.read({ after: 0, limit: 10, userId: Option.none() })
    const encoded = JSON.stringify([
      yield* Schema.encodeEffect(Schema.toCodecJson(Schema.Array(Session)))(sessions),
      yield* Schema.encodeEffect(Schema.toCodecJson(Schema.Array(LoggedEvent)))(events)
    ])
    for (
      const text of [
        encoded,
        whole(sessions),
        whole(events),
        JSON.stringify(response),
        whole(response),
        String(response)
      ]
    ) {
      assert.notInclude(text, secretHalf)
    }
  }).pipe(Effect.provide(sojourn)))
