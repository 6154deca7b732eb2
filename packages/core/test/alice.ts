/** Alice, who may have any number of sessions, in memory. */
import { CreateSession, createSession, SessionPolicy, SessionRules, User, UserId } from "@sojourn/core"
import { SojournTest } from "@sojourn/testing"
import { Duration, Effect, Option } from "effect"

export const userId = UserId.make("alice")
export const sojourn = SojournTest.layer({ users: [User.make({ id: userId, maxSessions: Option.some("unlimited") })] })
export const logIn = createSession(CreateSession.make({ userId }))

/** Sessions that end after so long without activity, and after so long in any case. */
export const idleAfter = (idle: Duration.Input, life: Duration.Input = "30 days") =>
  Effect.provideService(
    SessionPolicy,
    SessionRules.make({
      idleTimeout: Option.some(Duration.fromInputUnsafe(idle)),
      defaultLifetime: Duration.fromInputUnsafe(life)
    })
  )
