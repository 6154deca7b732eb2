import { assert, describe, it } from "@effect/vitest"
import {
  Actor,
  CachedSession,
  CreateSession,
  CreateSessionResponse,
  Device,
  Instant,
  IpAddress,
  Limit,
  ListSessions,
  Location,
  LoggedEvent,
  Session,
  SessionCreated,
  SessionEnd,
  SessionEvent,
  SessionEventJson,
  sessionEventToJson,
  SessionRules,
  Span,
  User
} from "@sojourn/core"
import { Generators } from "@sojourn/testing"
import { Arbitrary, Effect, Equal, Formatter, Option, Schema } from "effect"

/** Chai cannot look into a `Redacted`, and tells 0 from -0, which JSON does not. */
const assertEquals = <A>(actual: A, expected: A) =>
  assert.isTrue(Equal.equals(actual, expected), `${Formatter.format(actual)} is not ${Formatter.format(expected)}`)

const throughJson = Effect.fnUntraced(function*<A, E>(schema: Schema.Codec<A, E>, value: A) {
  const json = yield* Schema.encodeEffect(Schema.toCodecJson(schema))(value)
  return yield* Schema.decodeUnknownEffect(Schema.toCodecJson(schema))(JSON.parse(JSON.stringify(json)))
})

/** Says, for a class and a way to make values of it, that none loses anything on its way through JSON. */
const roundTrip = <A, E>(name: string, schema: Schema.Codec<A, E>, values: Arbitrary.Arbitrary<A>) =>
  it.effect.prop(`${name} makes the round trip`, { value: values }, ({ value }) =>
    Effect.gen(function*() {
      assertEquals(yield* throughJson(schema, value), value)
    }), { arbitrary: { runs: 50 } })

const bySchema = <A, E>(name: string, schema: Schema.Codec<A, E>) => roundTrip(name, schema, Arbitrary.schema(schema))

const { actor: _actor, ipAddress: _ipAddress, ...createdFields } = SessionCreated.fields

const sessionCreated = Arbitrary.map(
  Arbitrary.all({
    fields: Arbitrary.schema(Schema.Struct(createdFields)),
    ipAddress: Generators.ipAddress,
    actor: Generators.actor
  }),
  ({ actor, fields, ipAddress }) => SessionCreated.make({ ...fields, actor, ipAddress: Option.some(ipAddress) })
)

describe("K1 values through JSON", () => {
  bySchema("Instant", Instant)
  bySchema("Limit", Limit)
  bySchema("Device", Device)
  bySchema("Location", Location)
  roundTrip("Actor", Actor, Generators.actor)
  bySchema("SessionEnd", SessionEnd)
  bySchema("User", User)
  bySchema("CreateSession", CreateSession)
  bySchema("CreateSessionResponse", CreateSessionResponse)
  bySchema("ListSessions", ListSessions)
  roundTrip("Span", Span, Generators.span)
  roundTrip("IpAddress", IpAddress, Generators.ipAddress)
  roundTrip("Session", Session, Generators.session)
  roundTrip("CachedSession", CachedSession, Generators.cachedSession)
  roundTrip("SessionRules", SessionRules, Generators.sessionRules)
})

/** The event from the wire, by an actor with these fields. */
const trustedBy = (actor: object) =>
  Schema.decodeUnknownEffect(SessionEventJson)({
    version: 1,
    event: {
      _tag: "SessionTrusted",
      eventId: "00000000-0000-4000-8000-000000000000",
      at: "2026-03-01T12:00:00.000Z",
      userId: "alice",
      sessionId: "019ca945-0a00-7a3b-8c1d-5e6f708192a3",
      actor: { kind: "user", id: "alice", ...actor }
    }
  })

describe("D2 events through JSON", () => {
  bySchema("SessionEvent, of every kind,", SessionEvent)
  bySchema("LoggedEvent", LoggedEvent)
  roundTrip("SessionCreated with an address", SessionCreated, sessionCreated)

  it.effect.prop(
    "the wire form holds its version and the event",
    { event: SessionEvent },
    ({ event }) =>
      Effect.gen(function*() {
        const json = yield* Schema.encodeEffect(SessionEventJson)({ version: 1, event })
        assert.deepStrictEqual(json, { version: 1, event: sessionEventToJson(event) })
        const decoded = yield* Schema.decodeUnknownEffect(SessionEventJson)(JSON.parse(JSON.stringify(json)))
        assertEquals(decoded.event, event)
      })
  )

  it.effect("an event from before actors had an address is read, its address unknown; a wrong one is refused", () =>
    Effect.gen(function*() {
      const { event } = yield* trustedBy({})
      assert.isTrue(Option.isNone(event.actor.ipAddress))
      assertEquals(event.actor, (yield* trustedBy({ ipAddress: null })).event.actor)
      assert.include(String(yield* Effect.flip(trustedBy({ ipAddress: "192.0.2.1:443" }))), "ipAddress")
    }))

  it.effect("another version is refused", () =>
    Effect.gen(function*() {
      const [event] = yield* Arbitrary.sampleEffect(Arbitrary.schema(SessionEvent), { count: 1 })
      const json = yield* Schema.encodeEffect(Schema.fromJsonString(SessionEventJson))({ version: 1, event: event! })
      const other = json.replace("\"version\":1", "\"version\":2")
      assert.notStrictEqual(other, json)
      const error = yield* Effect.flip(Schema.decodeEffect(Schema.fromJsonString(SessionEventJson))(other))
      assert.include(String(error), "version")
    }))
})
