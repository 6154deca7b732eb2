/** `sojourn users`: whose sessions they are, and how many each may have. */
import { Limit, putUser, SessionId, Tier, User, UserId, UserRepo } from "@sojourn/core"
import { Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { misuse } from "../failure.ts"
import { decodedFlag, switchFlag, userId, WholeNumber } from "../options.ts"
import { print } from "../output.ts"

/** A user as they are now, and the sessions that a lowered limit ended. */
export const PutUserResult = Schema.Struct({
  userId: UserId,
  tier: Tier,
  maxSessions: Schema.NullOr(Limit),
  limit: Limit,
  evicted: Schema.Array(SessionId)
})

const tier = decodedFlag("tier", Tier, "the name of a plan, 1 to 64 characters").pipe(
  Flag.optional,
  Flag.withMetavar("name"),
  Flag.withDescription(
    "Plan of the user; by default: basic (2 sessions), essential (3), plus (5), premium (10), pro (unlimited)"
  )
)

const LimitFromString = Schema.Union([Schema.Literal("unlimited"), WholeNumber]).pipe(
  Schema.decodeTo(Limit)
)

const maxSessions = decodedFlag(
  "max-sessions",
  LimitFromString,
  "a whole number from 0 to 2147483647, or \"unlimited\""
).pipe(
  Flag.optional,
  Flag.withMetavar("count|unlimited"),
  Flag.withDescription("Limit of the user's own, which wins over the plan's")
)

const noMaxSessions = switchFlag("no-max-sessions", "Remove the user's own limit, so that the plan's applies")

/** A limit is given or removed, not both. */
export const checkPut = ({ maxSessions, noMaxSessions }: {
  readonly maxSessions: Option.Option<Limit>
  readonly noMaxSessions: boolean
}) =>
  noMaxSessions && Option.isSome(maxSessions)
    ? misuse(["users", "put"], "Give --max-sessions or --no-max-sessions, not both")
    : Effect.void

const sessions = (limit: Limit) => limit === 1 ? "1 session" : `${limit} sessions`

export const put = Command.make(
  "put",
  { userId, tier, maxSessions, noMaxSessions },
  Effect.fnUntraced(function*(input) {
    const users = yield* UserRepo
    const known = yield* users.find(input.userId).pipe(
      Effect.catchTag("UserNotFound", () => Effect.succeed(User.make({ id: input.userId })))
    )
    const user = User.make({
      id: input.userId,
      tier: Option.getOrElse(input.tier, () => known.tier),
      maxSessions: input.noMaxSessions ? Option.none() : Option.orElse(input.maxSessions, () => known.maxSessions)
    })
    const { evicted, limit } = yield* putUser(user)
    const result = {
      userId: user.id,
      tier: user.tier,
      maxSessions: Option.getOrNull(user.maxSessions),
      limit,
      evicted
    }
    yield* print(PutUserResult)(result, ({ bold, yellow }) => [
      `User ${bold(user.id)} is on the plan ${user.tier} and may have ${bold(sessions(limit))} at once` +
      (Option.isSome(user.maxSessions) ? " (a limit of their own)" : ""),
      ...evicted.map((id) => yellow(`Ended session ${id}, which was over the limit`))
    ])
  })
).pipe(
  Command.withShortDescription("Add a user, or change their plan or limit"),
  Command.withDescription(
    "Add a user, or change their plan or limit. What is not given stays as it is; a new user is on the plan basic. " +
      "Sessions over a lowered limit end at once, the oldest first."
  ),
  Command.withExamples([
    { command: "sojourn users put alice", description: "Add alice, on the plan basic" },
    { command: "sojourn users put alice --tier plus", description: "Five sessions at once" },
    { command: "sojourn users put alice --max-sessions 1", description: "One at once, whatever the plan says" },
    { command: "sojourn users put alice --no-max-sessions", description: "As many as the plan says" }
  ])
)
