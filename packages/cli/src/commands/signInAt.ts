/** A login of a file that tells when it was. */
import { activeUntil, type CreateSession, createSession, rulesFor, SessionRepo, type UserId } from "@sojourn/core"
import { Data, DateTime, Duration, Effect, Option } from "effect"
import * as ClockAt from "../clockAt.ts"

/** No session can begin at the time that the line tells. */
export class UnfitTime extends Data.TaggedError("UnfitTime")<{ readonly message: string }> {}

/** By so much another computer's clock may be ahead of this one's. */
const tolerance = Duration.minutes(1)

/** When a session that began at this time ends, if nobody uses it. */
const endOf = Effect.fnUntraced(function*(at: DateTime.Utc, tier: CreateSession["tier"]) {
  const { defaultLifetime, idleTimeout, maximumLifetime } = yield* rulesFor(tier)
  const expiresAt = DateTime.addDuration(at, Duration.min(defaultLifetime, maximumLifetime))
  return activeUntil({ lastActivityAt: at, expiresAt, idleTimeout })
})

/**
 * When the user's latest session began, if that was after `at`, of those that have not ended yet. Also what is over by
 * now but not yet swept counts: a login as of `at` would take it for alive.
 */
const laterBeginning = Effect.fnUntraced(function*(userId: UserId, at: DateTime.Utc) {
  const repo = yield* SessionRepo
  const { sessions } = yield* repo.list({ userId, now: at, all: false, before: Option.none(), limit: 1 })
  return sessions.map(({ createdAt }) => createdAt).find(DateTime.isGreaterThan(at))
})

/**
 * Signs in as of `at`. Fails, and ends no session, if `at` is in the future, if the session would be over by now, or if
 * the user has one that began later: a login cannot end what was not there yet.
 */
export const signInAt = Effect.fnUntraced(function*(command: CreateSession, at: DateTime.Utc) {
  const now = yield* DateTime.now
  if (DateTime.isGreaterThan(at, DateTime.addDuration(now, tolerance))) {
    return yield* new UnfitTime({ message: `The time ${DateTime.formatIso(at)} is in the future; correct "at"` })
  }
  // As of a time to come, sessions would end that are alive now.
  if (DateTime.isGreaterThanOrEqualTo(at, now)) return yield* createSession(command)

  const end = yield* endOf(at, command.tier)
  if (DateTime.isLessThanOrEqualTo(end, now)) {
    return yield* new UnfitTime({
      message: `The session of a login at ${DateTime.formatIso(at)} would be over since ${DateTime.formatIso(end)}; ` +
        "leave the line out"
    })
  }
  const later = yield* laterBeginning(command.userId, at)
  if (later !== undefined) {
    return yield* new UnfitTime({
      message: `User "${command.userId}" has a session that began later, at ${DateTime.formatIso(later)}; ` +
        "put the lines in order of time, and leave out what is older than a session that is there already"
    })
  }
  return yield* ClockAt.at(at)(createSession(command))
})
