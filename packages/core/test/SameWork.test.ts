import { assert, it } from "@effect/vitest"
import { makeToken, rememberedSecrets, type SessionToken, StalenessBound, validateSession } from "@sojourn/core"
import { Fixtures } from "@sojourn/testing"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { vi } from "vitest"
import { logIn, sojourn, userId } from "./alice.ts"
import { operations } from "./counting.ts"

const compared = vi.hoisted(() => ({ times: 0 }))
vi.mock("../src/SessionToken.ts", async (original) => {
  const tokens = await original<typeof import("../src/SessionToken.ts")>()
  return {
    ...tokens,
    isSameHash: (...hashes: Parameters<typeof tokens.isSameHash>) => {
      compared.times++
      return tokens.isSameHash(...hashes)
    }
  }
})

/** What one refused validation does, in order, and how many hashes it compares. */
const workOf = Effect.fnUntraced(function*(token: SessionToken) {
  const counted = operations()
  compared.times = 0
  const error = yield* Effect.flip(validateSession(token).pipe(Effect.provide(counted.layer)))
  return { error: error._tag, message: error.message, done: counted.done, compared: compared.times }
})

const badTokens = Effect.gen(function*() {
  const { sessionId, token } = yield* logIn
  const text = Redacted.value(token)
  const wrong = new Uint8Array(32)
  return {
    wrongSecret: makeToken(sessionId, userId, wrong),
    unknownId: makeToken(yield* Fixtures.freshSessionId, userId, wrong),
    garbage: Redacted.make("garbage"),
    empty: Redacted.make(""),
    cut: Redacted.make(text.slice(0, -1)),
    huge: Redacted.make(text.repeat(1000))
  }
})

/** The cached secret, the current and the previous one, and those before. */
const comparisons = 3 + rememberedSecrets

it.effect("V2 unknown id, wrong secret and garbage: the same error after the same calls and comparisons", () =>
  Effect.gen(function*() {
    const bad = yield* badTokens
    yield* TestClock.adjust(yield* StalenessBound)
    for (const [name, token] of Object.entries(bad)) {
      assert.deepStrictEqual(yield* workOf(token), {
        error: "InvalidSessionToken",
        message: "The session token is not valid; sign in again",
        done: ["hash", "cache.get", "lookup"],
        compared: comparisons
      }, name)
    }
  }).pipe(Effect.provide(sojourn)))

it.effect("V2 the same calls and comparisons when the session is in the cache", () =>
  Effect.gen(function*() {
    for (const [name, token] of Object.entries(yield* badTokens)) {
      const { compared, done } = yield* workOf(token)
      assert.deepStrictEqual({ compared, done }, { compared: comparisons, done: ["hash", "cache.get", "lookup"] }, name)
    }
  }).pipe(Effect.provide(sojourn)))
