/** Show a person where they are signed in. */
import { DateTime, Effect, Option, Schema } from "effect"
import { Session } from "./Session.ts"
import { SessionId } from "./SessionId.ts"
import { SessionRepo } from "./SessionRepo.ts"
import { UserId } from "./User.ts"

/** Which sessions to list, newest first. */
export class ListSessions extends Schema.Class<ListSessions>("@sojourn/core/ListSessions")({
  userId: UserId,
  /** Ended, expired and idle ones too. Default: only active ones. */
  all: Schema.Boolean.pipe(Schema.withConstructorDefault(Effect.succeed(false))),
  /** At most so many, from 1 to 1,000. Default: 100. */
  limit: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })).pipe(
    Schema.withConstructorDefault(Effect.succeed(100))
  ),
  /** Only sessions older than this one: the last of the page before. */
  before: Schema.OptionFromNullOr(SessionId).pipe(Schema.withConstructorDefault(Effect.succeed(Option.none())))
}) {}

/** A session in a list, and whether it is active now. */
export interface ListedSession {
  readonly session: Session
  readonly active: boolean
}

/** A page of a user's sessions; `total` and `active` count all of them. */
export const listSessions = Effect.fn("sojourn.listSessions")(function*(query: ListSessions) {
  const repo = yield* SessionRepo
  const now = yield* DateTime.now
  const before = yield* Option.match(query.before, {
    onNone: () => Effect.succeedNone,
    onSome: repo.find
  })
  const [sessions, counted] = yield* Effect.all([
    repo.list({
      userId: query.userId,
      activeAt: query.all ? Option.none() : Option.some(now),
      before,
      limit: query.limit
    }),
    repo.count(query.userId, now)
  ], { concurrency: 2 })
  return {
    sessions: sessions.map((session): ListedSession => ({ session, active: session.isActive(now) })),
    total: counted.total,
    active: counted.active
  }
})
