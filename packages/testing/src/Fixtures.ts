/** Users, devices, addresses and sessions for tests, with ids of their own where a store is shared. */
import {
  type CachedSession,
  type Candidate,
  Device,
  Location,
  parseIpAddress,
  SecretHash,
  Session,
  SessionId,
  toCached,
  UserId
} from "@sojourn/core"
import { DateTime, Duration, Effect, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { Hex } from "effect/encoding"

/** The moment at which fixtures live. */
export const now: DateTime.Utc = DateTime.makeUnsafe("2026-03-01T12:00:00.000Z")

/** So long after `now`, or before it: `after("-2 days")`. */
export const after = (span: Duration.Input): DateTime.Utc => DateTime.addDuration(now, span)

/** User agents as browsers, tools and bots send them. */
export const userAgents = {
  chromeOnMacOS:
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
  safariOnIOS:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
  firefoxOnUbuntu: "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
  edgeOnWindows:
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0",
  chromeOnAndroid:
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36",
  samsungInternetOnAndroid:
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
  curl: "curl/8.5.0",
  googlebot: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
} as const

/** Addresses of public resolvers, and of the ranges that are kept for documentation (RFC 5737, RFC 3849). */
export const addresses = {
  google: "8.8.8.8",
  cloudflare: "1.1.1.1",
  cloudflareIpv6: "2606:4700:4700::1111",
  documentation: "203.0.113.7",
  documentationIpv6: "2001:db8::7"
} as const

/** Chrome on macOS. */
export const device: Device = Device.make({
  name: "Chrome on macOS",
  kind: "desktop",
  browser: Option.some("Chrome"),
  browserVersion: Option.some("143"),
  system: Option.some("macOS"),
  systemVersion: Option.none()
})

/** New York, US. */
export const location: Location = Location.make({ country: "US", city: Option.some("New York") })

/** The fields of a session, all optional. */
export type SessionFields = Partial<Parameters<typeof Session.make>[0]>

/** A session of Alice's that began `now` and lasts 30 days, unless the fields say otherwise. Always of the same id. */
export const session = (fields: SessionFields = {}): Session => {
  const createdAt = fields.createdAt ?? now
  return Session.make({
    id: SessionId.make("019ca945-0a00-7a3b-8c1d-5e6f708192a3"),
    userId: UserId.make("alice"),
    device: Option.some(device),
    location: Option.some(location),
    ipAddress: parseIpAddress(addresses.documentation),
    lastIpAddress: parseIpAddress(addresses.documentation),
    lastActivityAt: createdAt,
    expiresAt: DateTime.addDuration(createdAt, Duration.days(30)),
    ...fields,
    createdAt
  })
}

/** A hash that fits no secret of any other fixture's. */
export const secretHash: SecretHash = SecretHash.make("5e".repeat(32))

/** The cached form of `session(fields)`. */
export const cachedSession = (fields: SessionFields = {}): CachedSession => toCached(session(fields), secretHash, 0)

/** A user id that no other test has. */
export const freshUserId: Effect.Effect<UserId, never, SecureRandom.SecureRandom> = SecureRandom.SecureRandom.use(
  (random) => Effect.map(random.uuidV4(), (id) => UserId.make(`user-${id}`))
)

/** A session id that no other test has; later ones sort after earlier ones. */
export const freshSessionId: Effect.Effect<SessionId, never, SecureRandom.SecureRandom> = SecureRandom.SecureRandom.use(
  (random) => Effect.map(random.uuidV7(), (id) => SessionId.make(id))
)

/** A login that asks to be admitted, with ids of its own. */
export const candidate = Effect.fnUntraced(function*(fields: SessionFields = {}) {
  const random = yield* SecureRandom.SecureRandom
  return {
    session: session({ id: yield* freshSessionId, ...fields }),
    secretHash: SecretHash.make(Hex.encode(yield* random.randomBytes(32)))
  } satisfies Candidate
})
