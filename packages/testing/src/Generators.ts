/** Generated values for property tests, where a schema alone does not say enough. */
import {
  Actor,
  AtLimit,
  type CachedSession,
  type IpAddress,
  parseIpAddress,
  RotationNumber,
  SecretHash,
  Session,
  SessionEnd,
  SessionRules,
  toCached
} from "@sojourn/core"
import { Arbitrary, DateTime, Duration, Option, Schema } from "effect"

const option = <A>(value: Arbitrary.Arbitrary<A>): Arbitrary.Arbitrary<Option.Option<A>> =>
  Arbitrary.flatMap(
    Arbitrary.schema(Schema.Boolean),
    (present) => present ? Arbitrary.map(value, Option.some) : Arbitrary.Constant(Option.none())
  )

const numbers = (length: number, maximum: number) =>
  Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))), {
    minLength: length,
    maxLength: length
  })

/** IPv4 and IPv6 addresses as they are written by people: not canonical. */
export const writtenAddress: Arbitrary.Arbitrary<string> = Arbitrary.flatMap(
  Arbitrary.schema(Schema.Boolean),
  (short) =>
    short
      ? Arbitrary.map(numbers(4, 255), (bytes) => bytes.join("."))
      : Arbitrary.map(numbers(8, 0xffff), (groups) => groups.map((group) => group.toString(16).toUpperCase()).join(":"))
)

/** Addresses in canonical form. */
export const ipAddress: Arbitrary.Arbitrary<IpAddress> = Arbitrary.map(
  writtenAddress,
  (address) => Option.getOrThrow(parseIpAddress(address))
)

/** Spans from 1 millisecond to 7,300 days. */
export const span: Arbitrary.Arbitrary<Duration.Duration> = Arbitrary.map(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 7_300 * 86_400_000 }))),
  Duration.millis
)

const { ipAddress: _from, ...actorFields } = Actor.fields
const { actor: _actor, ...endFields } = SessionEnd.fields

/** Whoever did something, from wherever. */
export const actor: Arbitrary.Arbitrary<Actor> = Arbitrary.map(
  Arbitrary.all({ fields: Arbitrary.schema(Schema.Struct(actorFields)), ipAddress: option(ipAddress) }),
  ({ fields, ipAddress }) => Actor.make({ ...fields, ipAddress })
)

const sessionEnd = Arbitrary.map(
  Arbitrary.all({ fields: Arbitrary.schema(Schema.Struct(endFields)), actor }),
  ({ actor, fields }) => SessionEnd.make({ ...fields, actor })
)

const { end: _end, idleTimeout: _idle, ipAddress: _first, lastIpAddress: _last, ...sessionFields } = Session.fields

/** Any session at all: ended ones, expired ones, and ones whose times make no sense. */
export const session: Arbitrary.Arbitrary<Session> = Arbitrary.map(
  Arbitrary.all({
    fields: Arbitrary.schema(Schema.Struct(sessionFields)),
    ipAddress: option(ipAddress),
    lastIpAddress: option(ipAddress),
    idleTimeout: option(span),
    end: option(sessionEnd)
  }),
  ({ fields, ...rest }) => Session.make({ ...fields, ...rest })
)

/** The cached form of any session that has not ended. */
export const cachedSession: Arbitrary.Arbitrary<CachedSession> = Arbitrary.map(
  Arbitrary.all({ session, secretHash: Arbitrary.schema(SecretHash), rotation: Arbitrary.schema(RotationNumber) }),
  ({ rotation, secretHash, session }) => toCached(session, secretHash, rotation)
)

/** Rules of every kind. Lifetimes are as by default. */
export const sessionRules: Arbitrary.Arbitrary<SessionRules> = Arbitrary.map(
  Arbitrary.all({
    atLimit: Arbitrary.schema(AtLimit),
    protectTrusted: Arbitrary.schema(Schema.Boolean),
    protectActiveWithin: option(span),
    idleTimeout: option(span)
  }),
  (fields) => SessionRules.make(fields)
)

const clamp = DateTime.clamp({
  minimum: DateTime.makeUnsafe("2000-01-01T00:00:00.000Z"),
  maximum: DateTime.makeUnsafe("2199-12-31T23:59:59.998Z")
})

/** A session at its beginning: expires later than it began, and nothing has happened to it. None began before 2000. */
export const newSession: Arbitrary.Arbitrary<Session> = Arbitrary.map(session, (session) => {
  const createdAt = clamp(session.createdAt)
  return Session.make({
    ...session,
    createdAt,
    lastActivityAt: createdAt,
    lastIpAddress: session.ipAddress,
    expiresAt: DateTime.max(DateTime.add(createdAt, { milliseconds: 1 }), session.expiresAt),
    trusted: false,
    suspiciousActivityCount: 0,
    end: Option.none()
  })
})
