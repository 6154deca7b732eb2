/** Alice, who may have any number of sessions, in memory. */
import { CreateSession, createSession, User, UserId } from "@sojourn/core"
import { SojournTest } from "@sojourn/testing"
import { Option } from "effect"

export const userId = UserId.make("alice")
export const sojourn = SojournTest.layer({ users: [User.make({ id: userId, maxSessions: Option.some("unlimited") })] })
export const logIn = createSession(CreateSession.make({ userId }))
