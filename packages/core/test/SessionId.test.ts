import { assert, describe, it } from "@effect/vitest"
import { createdEventId, endedEventId, EventId, SessionId, UserId } from "@sojourn/core"
import { Fixtures, SecureRandomTest } from "@sojourn/testing"
import { DateTime, Effect, Schema } from "effect"
import { TestClock } from "effect/testing"

const isSessionId = Schema.is(SessionId)
const isUserId = Schema.is(UserId)

describe("SessionId", () => {
  it("is a lower-case UUID of version 7", () => {
    assert.isTrue(isSessionId("019ca945-0a00-7a3b-8c1d-5e6f708192a3"))
    for (
      const refused of [
        "",
        "019CA945-0A00-7A3B-8C1D-5E6F708192A3",
        "019ca945-0a00-4a3b-8c1d-5e6f708192a3",
        "019ca945-0a00-7a3b-cc1d-5e6f708192a3",
        "019ca9450a007a3b8c1d5e6f708192a3",
        "019ca945-0a00-7a3b-8c1d-5e6f708192a3\n",
        "{019ca945-0a00-7a3b-8c1d-5e6f708192a3}",
        "00000000-0000-0000-0000-000000000000"
      ]
    ) assert.isFalse(isSessionId(refused), refused)
  })

  it.effect("comes from the clock and sorts by creation, within a millisecond too", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(DateTime.toEpochMillis(Fixtures.now))
      const ids = yield* Effect.replicateEffect(Fixtures.freshSessionId, 100)
      assert.isTrue(ids.every((id) => id.startsWith("019ca945-0a00-7")))
      assert.deepStrictEqual(ids.toSorted(), [...ids])
      assert.strictEqual(new Set(ids).size, 100)
    }).pipe(Effect.provide(SecureRandomTest.layer())))
})

describe("EventId", () => {
  it("is a lower-case UUID of any version", () => {
    assert.isTrue(Schema.is(EventId)("6fa459ea-ee8a-4ca4-894e-db77e160355e"))
    assert.isFalse(Schema.is(EventId)("6FA459EA-EE8A-4CA4-894E-DB77E160355E"))
  })

  it("of what happens to a session once follows from the session's", () => {
    const id = SessionId.make("019ca945-0a00-7a3b-8c1d-5e6f708192a3")
    assert.strictEqual(createdEventId(id), "019ca945-0a00-8c3b-8c1d-5e6f708192a3")
    assert.strictEqual(endedEventId(id), "019ca945-0a00-8e3b-8c1d-5e6f708192a3")
    assert.isTrue(Schema.is(EventId)(endedEventId(id)))
  })
})

describe("UserId", () => {
  it("is 1 to 255 characters of any form without control characters", () => {
    for (const accepted of ["1", "alice@example.com", "auth0|5f7c", "José", "😀", "__proto__", " ", "x".repeat(255)]) {
      assert.isTrue(isUserId(accepted), accepted)
    }
    for (const refused of ["", "x".repeat(256), "a\u0000b", "a\nb", "\u007f", "\u0085", "\ud83d", "\udc00x"]) {
      assert.isFalse(isUserId(refused), JSON.stringify(refused))
    }
  })
})
