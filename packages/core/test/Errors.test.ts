import { assert, describe, it } from "@effect/vitest"
import {
  EnrichmentError,
  EventLogError,
  EvictionFailed,
  InvalidExpiry,
  InvalidSessionToken,
  KeptSessionNotActive,
  NotSessionOwner,
  SessionCacheError,
  SessionLimitExceeded,
  SessionNotActive,
  SessionNotFound,
  SessionRepoError,
  StoreFailure,
  SubscriberLagged,
  UserId,
  UserNotFound,
  UserRepoError
} from "@sojourn/core"
import { Fixtures } from "@sojourn/testing"
import { Effect, Redacted, Schema } from "effect"

const userId = UserId.make("alice")
const sessionId = Fixtures.session().id
const cause = new Error("connection refused", { cause: Redacted.make("s3cret") })
const store = { operation: "admit", reason: "Unavailable", message: "The store is away; try again", cause } as const
const causeJson = { name: "Error", message: "connection refused", cause: "<redacted>" }

/** An error goes out as JSON and comes back with all of its fields. */
const encodes = <A extends Error, E>(schema: Schema.Codec<A, E>, error: A, json: Schema.Json, message: string) =>
  it.effect(`${error.name} encodes to JSON, says what to do, and shows no secret`, () =>
    Effect.gen(function*() {
      const codec = Schema.toCodecJson(schema)
      const encoded = yield* Schema.encodeEffect(codec)(error)
      assert.deepStrictEqual(encoded, json)
      const text = JSON.stringify(encoded)
      assert.notInclude(text, "s3cret")
      assert.notInclude(text, ".test.ts", "no stack")
      const decoded = yield* Schema.decodeUnknownEffect(codec)(JSON.parse(text))
      assert.deepStrictEqual(yield* Schema.encodeEffect(codec)(decoded), encoded)
      assert.strictEqual(error.message, message)
      assert.strictEqual(decoded.message, message)
    }))

describe("errors", () => {
  encodes(
    UserNotFound,
    new UserNotFound({ userId }),
    { _tag: "UserNotFound", userId },
    "No user with the id \"alice\"; add them before they log in"
  )
  encodes(
    SessionLimitExceeded,
    new SessionLimitExceeded({ userId, limit: 3, active: 4 }),
    { _tag: "SessionLimitExceeded", userId, limit: 3, active: 4 },
    "User \"alice\" has 4 active sessions and the limit is 3; end one first"
  )
  encodes(
    SessionLimitExceeded,
    new SessionLimitExceeded({ userId, limit: 0, active: 0 }),
    { _tag: "SessionLimitExceeded", userId, limit: 0, active: 0 },
    "User \"alice\" may have no session; raise their limit to let them log in"
  )
  encodes(
    EvictionFailed,
    new EvictionFailed({ userId, limit: 2, active: 3, protected: 2 }),
    { _tag: "EvictionFailed", userId, limit: 2, active: 3, protected: 2 },
    "User \"alice\" has 3 active sessions of 2 allowed, and the policy protects 2 of them from eviction; end one first"
  )
  encodes(
    InvalidExpiry,
    new InvalidExpiry({ expiresAt: Fixtures.after("-1 day"), latest: Fixtures.after("365 days") }),
    { _tag: "InvalidExpiry", expiresAt: "2026-02-28T12:00:00.000Z", latest: "2027-03-01T12:00:00.000Z" },
    "A session cannot end at 2026-02-28T12:00:00.000Z: " +
      "the time must lie in the future and not after 2027-03-01T12:00:00.000Z"
  )
  encodes(
    SubscriberLagged,
    new SubscriberLagged({ capacity: 1024 }),
    { _tag: "SubscriberLagged", capacity: 1024 },
    "The subscriber fell more than 1024 events behind; read the rest from the event log"
  )
  encodes(
    SessionRepoError,
    new SessionRepoError(store),
    { ...store, _tag: "SessionRepoError", cause: causeJson },
    store.message
  )
  encodes(
    UserRepoError,
    new UserRepoError(store),
    { ...store, _tag: "UserRepoError", cause: causeJson },
    store.message
  )
  encodes(
    EventLogError,
    new EventLogError(store),
    { ...store, _tag: "EventLogError", cause: causeJson },
    store.message
  )
  encodes(
    SessionCacheError,
    new SessionCacheError({ operation: "put", message: "The cache is away", cause }),
    { _tag: "SessionCacheError", operation: "put", message: "The cache is away", cause: causeJson },
    "The cache is away"
  )
  encodes(
    EnrichmentError,
    new EnrichmentError({ message: "The database is older than a year", cause }),
    { _tag: "EnrichmentError", message: "The database is older than a year", cause: causeJson },
    "The database is older than a year"
  )
  encodes(
    InvalidSessionToken,
    new InvalidSessionToken(),
    { _tag: "InvalidSessionToken" },
    "The session token is not valid; sign in again"
  )
  encodes(
    SessionNotActive,
    new SessionNotActive({ sessionId, reason: "rotation_reuse" }),
    { _tag: "SessionNotActive", sessionId, reason: "rotation_reuse" },
    `The session ${sessionId} is over (rotation_reuse); sign in again`
  )
  encodes(
    SessionNotFound,
    new SessionNotFound({ sessionId }),
    { _tag: "SessionNotFound", sessionId },
    `No session with the id ${sessionId}`
  )
  encodes(
    NotSessionOwner,
    new NotSessionOwner({ sessionId, userId }),
    { _tag: "NotSessionOwner", sessionId, userId },
    `The session ${sessionId} is not one of user "alice"`
  )
  encodes(
    KeptSessionNotActive,
    new KeptSessionNotActive({ userId, sessionId }),
    { _tag: "KeptSessionNotActive", userId, sessionId },
    `The session ${sessionId} is not an active one of user "alice", so no session was ended`
  )

  it("the reasons for which a store fails are closed", () => {
    assert.deepStrictEqual([...StoreFailure.literals], [
      "Unavailable",
      "AccessDenied",
      "NotMigrated",
      "IsolationLevel",
      "InvalidData",
      "Failed"
    ])
  })
})
