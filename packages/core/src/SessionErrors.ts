/** Why a session cannot be used, found or kept. */
import { Schema } from "effect"
import { EndReason } from "./SessionEnd.ts"
import { SessionId } from "./SessionId.ts"
import { UserId } from "./User.ts"

/** The token is no session's: garbage, an unknown session or a wrong secret. They cannot be told apart. */
export class InvalidSessionToken extends Schema.TaggedError<InvalidSessionToken>()("InvalidSessionToken", {}) {
  override get message() {
    return "The session token is not valid; sign in again"
  }
}

/** The token is right and the session is over. */
export class SessionNotActive extends Schema.TaggedError<SessionNotActive>()("SessionNotActive", {
  /** The session that the token proves. */
  sessionId: SessionId,
  /** Why it is over, to be told to the person where that helps. */
  reason: EndReason
}) {
  override get message() {
    return `The session ${this.sessionId} is over (${this.reason}); sign in again`
  }
}

/** There is no such session. */
export class SessionNotFound extends Schema.TaggedError<SessionNotFound>()("SessionNotFound", {
  /** What was asked for. It may never have been there, be over, or have been deleted since. */
  sessionId: SessionId
}) {
  override get message() {
    return `No session with the id ${this.sessionId}`
  }
}

/** The session is somebody else's. Outside the application it is to look like `SessionNotFound`. */
export class NotSessionOwner extends Schema.TaggedError<NotSessionOwner>()("NotSessionOwner", {
  /** The session, which exists. */
  sessionId: SessionId,
  /** Whose it was said to be, not whose it is. */
  userId: UserId
}) {
  override get message() {
    return `The session ${this.sessionId} is not one of user "${this.userId}"`
  }
}

/** The session that was asked to be kept is not an active one of the user's. Nothing was ended. */
export class KeptSessionNotActive extends Schema.TaggedError<KeptSessionNotActive>()("KeptSessionNotActive", {
  /** Whose sessions were to be ended. */
  userId: UserId,
  /** The one that was to be kept. */
  sessionId: SessionId
}) {
  override get message() {
    return `The session ${this.sessionId} is not an active one of user "${this.userId}", so no session was ended`
  }
}
