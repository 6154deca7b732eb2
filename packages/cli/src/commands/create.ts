/** `sojourn create`: signs a user in, or every user of a file. */
import {
  CreateSession,
  createSession,
  type CreateSessionResponse,
  Instant,
  RefreshTokenId,
  SessionId
} from "@sojourn/core"
import { Data, DateTime, Duration, Effect, Option, Redacted, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { layerReady } from "../enrichers.ts"
import { misuse } from "../failure.ts"
import { decodedFlag, userId } from "../options.ts"
import { formatTime, toText } from "../output.ts"
import { printed } from "../standardOutput.ts"
import { importFrom } from "./createFrom.ts"
import { source } from "./loginSource.ts"

/** The new session. The token is shown here once. */
export const CreateResult = Schema.Struct({
  sessionId: SessionId,
  token: Schema.String,
  deviceInfo: Schema.NullOr(Schema.String),
  location: Schema.NullOr(Schema.String),
  expiresAt: Instant,
  evicted: Schema.Array(SessionId)
})

/** The session is there, and nobody has its token. */
export class TokenLost extends Data.TaggedError("TokenLost")<{ readonly sessionId: SessionId; readonly why: string }> {
  override get message() {
    return `The token could not be written and is lost (${this.why}); end its session: sojourn revoke ${this.sessionId}`
  }
}

/** What is printed of a new session. */
export const toResult = (created: CreateSessionResponse): typeof CreateResult.Type => ({
  sessionId: created.sessionId,
  token: Redacted.value(created.token),
  deviceInfo: Option.getOrNull(Option.map(created.deviceInfo, ({ name }) => name)),
  location: Option.getOrNull(Option.map(created.location, ({ name }) => name)),
  expiresAt: created.expiresAt,
  evicted: created.evicted
})

/** The longest span that sessions know of. A shorter one may still be refused, by the policy. */
const longest = Duration.days(7300)

const Lifetime: Schema.Codec<Duration.Duration, string> = Schema.DurationFromString.check(Schema.makeFilter(
  (duration: Duration.Duration) => Duration.isLessThanOrEqualTo(Duration.abs(duration), longest)
))

const flags = {
  ip: Flag.String("ip").pipe(
    Flag.withMetavar("address"),
    Flag.withDescription("Where the login comes from; what is no IP address is left out")
  ),
  userAgent: Flag.String("user-agent").pipe(
    Flag.withMetavar("text"),
    Flag.withDescription("The User-Agent header of the login")
  ),
  expiresIn: decodedFlag("expires-in", Lifetime, "a duration of at most 7300 days, such as \"12 hours\"").pipe(
    Flag.withMetavar("duration"),
    Flag.withDescription("When the session ends at the latest, such as \"12 hours\"; by default \"30 days\"")
  ),
  refreshTokenId: decodedFlag("refresh-token-id", RefreshTokenId, "1 to 255 printable characters").pipe(
    Flag.withMetavar("id"),
    Flag.withDescription("The application's id of the refresh token that goes with it, never the token itself")
  )
}

const asText = toText(CreateResult)

const createOne = Effect.fnUntraced(function*(
  userId: CreateSession["userId"],
  { expiresIn, ip, refreshTokenId, userAgent }: {
    readonly ip: Option.Option<string>
    readonly userAgent: Option.Option<string>
    readonly expiresIn: Option.Option<Duration.Duration>
    readonly refreshTokenId: Option.Option<RefreshTokenId>
  }
) {
  const now = yield* DateTime.now
  const created = yield* createSession(CreateSession.make({
    userId,
    ipAddress: ip,
    userAgent,
    expiresAt: Option.map(expiresIn, (duration) => DateTime.addDuration(now, duration)),
    refreshTokenId
  }))
  const result = toResult(created)
  const text = yield* asText(result, ({ bold, dim, yellow }) => [
    `${bold(userId)} is signed in`,
    `Session  ${result.sessionId}`,
    `Token    ${result.token} ${dim("(shown once, kept nowhere)")}`,
    `Device   ${result.deviceInfo ?? "unknown"}`,
    `Place    ${result.location ?? "unknown"}`,
    `Expires  ${formatTime(result.expiresAt)}`,
    ...result.evicted.map((id) => yellow(`Ended session ${id} to make room`))
  ])
  yield* Effect.mapError(printed(text), ({ message }) => new TokenLost({ sessionId: result.sessionId, why: message }))
})

export const create = Command.make(
  "create",
  {
    userId: Argument.optional(userId),
    from: source,
    ip: Flag.optional(flags.ip),
    userAgent: Flag.optional(flags.userAgent),
    expiresIn: Flag.optional(flags.expiresIn),
    refreshTokenId: Flag.optional(flags.refreshTokenId)
  },
  Effect.fnUntraced(function*({ from, userId, ...login }) {
    if (Option.isSome(from)) yield* importFrom(from.value)
    if (Option.isSome(userId)) yield* createOne(userId.value, login)
  }, Effect.provide(layerReady))
).pipe(
  Command.withShortDescription("Sign a user in, or every user of a file"),
  Command.withDescription(
    "Sign a user in. At the user's limit the oldest sessions end to make room. " +
      "With --from, one login a line is read: { \"userId\", \"ip\"?, \"userAgent\"?, \"at\"? }, " +
      "where \"at\" is when it was, in ISO 8601; the session begins at that time. One user's logins keep their order. " +
      "A login fails if its time is in the future, if its session would be over by now, or if the user has a session " +
      "that began later: put the lines in order of time. " +
      "A line that fails is reported by its number and the others go on; the exit code is then 1. " +
      "At most 1,000 failed lines are listed, all are counted. " +
      "When the database goes away, the rest of the file is not read."
  ),
  Command.withExamples([
    {
      command: "sojourn create alice --ip 8.8.8.8 --user-agent \"$USER_AGENT\" --expires-in \"12 hours\"",
      description: "Sign alice in for half a day"
    },
    { command: "sojourn create --from logins.ndjson", description: "Sign in every user of a file" },
    { command: "zcat logins.ndjson.gz | sojourn create --from - --json", description: "The same from standard input" }
  ])
)

/** Exactly one of user and file; details of one login only with a user. */
export const checkInput = ({ from, userId, ...login }: {
  readonly from: Option.Option<unknown>
  readonly userId: Option.Option<unknown>
  readonly [detail: string]: unknown
}) =>
  Option.isSome(from) === Option.isSome(userId)
    ? misuse(["create"], "Give either a user id, or --from with a file")
    : Option.isSome(from) && Object.values(login).some((value) => Option.isOption(value) && Option.isSome(value))
    ? misuse(["create"], "With --from, the details of the logins are in the file")
    : Effect.void
