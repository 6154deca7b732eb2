/** Create a session: somebody logged in, and the application gets a session and its token. */
import { Brand, Clock, Context, DateTime, Duration, Effect, Option, Schema } from "effect"
import { Digest, SecureRandom } from "effect/crypto"
import { toCached } from "./CachedSession.ts"
import { commitThenTell } from "./CommitThenTell.ts"
import { ClientHints, Device } from "./Device.ts"
import type { DeviceEnricher } from "./DeviceEnricher.ts"
import { enrich } from "./Enrich.ts"
import type { EventBus } from "./EventBus.ts"
import { withInnerSpan } from "./InnerSpan.ts"
import { instance } from "./Instance.ts"
import { Instant, instantAt, isInstantAt } from "./Instant.ts"
import { parseIpAddress } from "./IpAddress.ts"
import type { EvictionFailed, SessionLimitExceeded } from "./LimitErrors.ts"
import { Location } from "./Location.ts"
import type { LocationEnricher } from "./LocationEnricher.ts"
import { optional } from "./Optional.ts"
import { parseUserAgent, RefreshTokenId, Session } from "./Session.ts"
import type { SessionCache } from "./SessionCache.ts"
import { SessionId } from "./SessionId.ts"
import { rulesIn, type SessionRules } from "./SessionPolicy.ts"
import { type Admission, type Late, SessionRepo, type SessionRepoError } from "./SessionRepo.ts"
import { hashBy, makeToken } from "./SessionToken.ts"
import { Tier, UserId } from "./User.ts"
import type { UserNotFound } from "./UserRepo.ts"

/** A login, as the application saw it. Address, user agent and hints are taken as they come: no login fails for them. */
export class CreateSession extends Schema.Class<CreateSession>("@sojourn/core/CreateSession")({
  /** Who logged in, by the application's own id. `UserNotFound` when nobody is known by it. */
  userId: UserId,
  /** From where: the client's address, not a proxy's. What is no address is not kept. Default: none. */
  ipAddress: optional(Schema.String),
  /** The header of that name. Kept cut to 1,024 characters, without control characters. Default: none. */
  userAgent: optional(Schema.String),
  /** What else the browser says of the device: header names in lower case. Read once, not kept. Default: none. */
  clientHints: ClientHints.pipe(Schema.withConstructorDefault(Effect.succeed({}))),
  /**
   * When the session ends at the latest: in the future, and within the policy's maximum lifetime. Default: the policy's
   * lifetime from now.
   */
  expiresAt: optional(Instant),
  /** The application's own id of the refresh token that goes with the session, to be found in it. Default: none. */
  refreshTokenId: optional(RefreshTokenId),
  /** The user's tier, where the application knows it: then the rules in `TierPolicies` apply. Default: none. */
  tier: optional(Tier)
}) {}

/**
 * The new session. When more logins of one user arrive at once than the limit has room for, it may have been ended
 * already for one of the others: then its token is refused, with `SessionNotActive` and `session_limit_exceeded`.
 */
export class CreateSessionResponse extends Schema.Class<CreateSessionResponse>("@sojourn/core/CreateSessionResponse")({
  /** Names the session in lists, events and logs. It signs nobody in. */
  sessionId: SessionId,
  /** For the client alone. Shown here once and kept nowhere: a hash of its secret is stored. */
  token: Schema.Redacted(Schema.String),
  /** None when nothing is known of it, or the enricher gave no answer in time. */
  deviceInfo: Schema.OptionFromNullOr(Device),
  /** None when the address has no known place, or the enricher gave no answer in time. */
  location: Schema.OptionFromNullOr(Location),
  /** The absolute end. Activity never moves it; an idle timeout may come before it. */
  expiresAt: Instant,
  /** The sessions that were ended to make room; none as long as there was some. */
  evicted: Schema.Array(SessionId)
}) {}

/** The session would be over at once, or live longer than the policy allows. Nothing was written. */
export class InvalidExpiry extends Schema.TaggedError<InvalidExpiry>()("InvalidExpiry", {
  /** The end that was asked for. */
  expiresAt: Schema.DateTimeUtc,
  /** The latest one that the policy allowed at that time. */
  latest: Schema.DateTimeUtc
}) {
  override get message() {
    return `A session cannot end at ${DateTime.formatIso(this.expiresAt)}: ` +
      `the time must lie in the future and not after ${DateTime.formatIso(this.latest)}`
  }
}

/** When the session will end: as asked, else after the default lifetime; never later than the maximum lifetime. */
const expiry = (
  asked: Option.Option<DateTime.Utc>,
  { defaultLifetime, maximumLifetime }: SessionRules,
  now: DateTime.Utc
): Effect.Effect<DateTime.Utc, InvalidExpiry> => {
  const nowMillis = now.epochMilliseconds
  const latest = nowMillis + Duration.toMillis(maximumLifetime)
  const millis = Option.isSome(asked)
    ? asked.value.epochMilliseconds
    : Math.min(nowMillis + Duration.toMillis(defaultLifetime), latest)
  const expiresAt = instantAt(millis)
  return isInstantAt(millis) && nowMillis < millis && millis <= latest
    ? Effect.succeed(expiresAt)
    : Effect.fail(new InvalidExpiry({ expiresAt, latest: instantAt(latest) }))
}

type Services =
  | SessionRepo
  | SessionCache
  | DeviceEnricher
  | LocationEnricher
  | EventBus
  | SecureRandom.SecureRandom
  | Digest.Digest

const asSessionId = Brand.nominal<SessionId>()

/**
 * Signs a user in.
 *
 * Device and place are a courtesy: when they cannot be told in time the login goes on without them. The user's limit
 * is a promise: it is read, held and recorded in one commit. Cache and subscribers are told afterwards, and their
 * failures are logged and counted, never the login's.
 *
 * Fails with `UserNotFound`, `SessionLimitExceeded`, `EvictionFailed`, `InvalidExpiry` or `SessionRepoError`; then
 * nothing was written, unless the error's reason is `Unavailable`: the commit may have been under way. So it may for a
 * caller who is interrupted. That leaves a session whose token nobody has, and which counts until it is evicted or
 * revoked, or its time is over.
 *
 * @example
 * const { token } = yield* createSession(CreateSession.make({ userId, userAgent: Option.some(header) }))
 */
export const createSession: (command: CreateSession) => Effect.Effect<
  CreateSessionResponse,
  UserNotFound | SessionLimitExceeded | EvictionFailed | InvalidExpiry | SessionRepoError,
  Services
> = Effect.fnUntraced(function*(command) {
  // Once for all services, of which each would be two steps of the fiber; with other such steps a tenth of a login.
  const context = yield* Effect.context<Services>()
  const repo = Context.get(context, SessionRepo)
  const random = Context.get(context, SecureRandom.SecureRandom)
  const rules = rulesIn(context, command.tier)

  const { device, location } = yield* enrich(command, context)

  const now = instantAt(Context.get(context, Clock.Clock).currentTimeMillisUnsafe())
  const expiresAt = yield* expiry(command.expiresAt, rules, now)
  const id = asSessionId(yield* random.uuidV7())
  const secret = yield* random.randomBytes(32)
  const secretHash = yield* hashBy(Context.get(context, Digest.Digest), secret)
  const ipAddress = Option.flatMap(command.ipAddress, parseIpAddress)
  const session = instance(Session, {
    id,
    userId: command.userId,
    device,
    location,
    ipAddress,
    lastIpAddress: ipAddress,
    userAgent: Option.flatMap(command.userAgent, parseUserAgent),
    refreshTokenId: command.refreshTokenId,
    createdAt: now,
    lastActivityAt: now,
    expiresAt,
    idleTimeout: rules.idleTimeout,
    trusted: false,
    suspiciousActivityCount: 0,
    end: Option.none()
  })

  const { evicted } = yield* commitThenTell(
    (late: Late<Admission>) => repo.admit({ session, secretHash }, rules, late),
    ({ bornEnded, events, evicted, expired }) => ({
      userId: session.userId,
      now,
      admitted: bornEnded ? undefined : toCached(session, secretHash, 0),
      ended: [...expired, ...evicted],
      events
    })
  )

  return instance(CreateSessionResponse, {
    sessionId: id,
    token: makeToken(id, session.userId, secret),
    deviceInfo: device,
    location,
    expiresAt,
    evicted
  })
}, withInnerSpan("sojourn.createSession"))
