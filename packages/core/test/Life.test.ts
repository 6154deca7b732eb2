import { assert, it } from "@effect/vitest"
import {
  rotateSession,
  SessionPolicy,
  SessionRules,
  type SessionToken,
  sweepSessions,
  touchSession,
  validateSession
} from "@sojourn/core"
import { DateTime, Duration, Effect, Option, Result } from "effect"
import { TestClock } from "effect/testing"
import { logIn, sojourn } from "./alice.ts"

const withIdleTimeout = Effect.provideService(
  SessionPolicy,
  SessionRules.make({ idleTimeout: Option.some(Duration.hours(8)) })
)

/** Until when the token is used every so often, rotated once a day, before it is refused; and why. */
const useUntilOver = Effect.fnUntraced(function*(first: SessionToken, every: Duration.Duration) {
  let token = first
  let rotatedAt = yield* DateTime.now
  while (true) {
    yield* TestClock.adjust(every)
    const now = yield* DateTime.now
    const valid = yield* Effect.result(validateSession(token))
    if (Result.isFailure(valid)) {
      return { failure: valid.failure, days: DateTime.toEpochMillis(now) / 86_400_000 }
    }
    yield* touchSession(valid.success.session)
    if (Duration.isGreaterThanOrEqualTo(DateTime.distance(rotatedAt, now), Duration.days(1))) {
      token = yield* rotateSession(token)
      rotatedAt = now
    }
  }
})

it.effect("V3 V4 V5 thirty days of use, touch and rotation: over at the absolute expiry, whoever pauses goes idle", () =>
  Effect.gen(function*() {
    const busy = yield* logIn.pipe(withIdleTimeout)
    const pausing = yield* logIn.pipe(withIdleTimeout)
    const [used, idled] = yield* Effect.all([
      useUntilOver(busy.token, Duration.hours(1)),
      Effect.gen(function*() {
        const { session } = yield* validateSession(pausing.token)
        yield* touchSession(session)
        yield* Effect.sleep(Duration.hours(8))
        return yield* Effect.flip(validateSession(pausing.token))
      })
    ], { concurrency: "unbounded" })
    assert.deepInclude({ ...used.failure }, { _tag: "SessionNotActive", reason: "expired" })
    assert.strictEqual(used.days, 30)
    assert.deepInclude({ ...idled }, { _tag: "SessionNotActive", reason: "idle" })
    assert.deepInclude(yield* sweepSessions(), { ended: 2 })
  }).pipe(Effect.provide(sojourn)))
