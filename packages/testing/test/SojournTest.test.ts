import { assert, it } from "@effect/vitest"
import { CreateSession, createSession, User, UserId } from "@sojourn/core"
import { Fixtures, SojournTest } from "@sojourn/testing"
import { DateTime, Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"

const alice = User.make({ id: UserId.make("alice") })
const sojourn = () => SojournTest.layer({ users: [alice] })
const logIn = createSession(CreateSession.make({ userId: alice.id }))

it.effect("a third login ends the first", () =>
  Effect.gen(function*() {
    const first = yield* logIn
    yield* logIn
    const third = yield* logIn
    assert.deepStrictEqual(third.evicted, [first.sessionId])
  }).pipe(Effect.provide(sojourn())))

it.effect("ids and tokens are the same at every run, and ids follow the test's clock", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(DateTime.toEpochMillis(Fixtures.now))
    const run = Effect.map(logIn, ({ sessionId, token }) => [sessionId, Redacted.value(token)])
    const first = yield* Effect.provide(run, sojourn())
    const second = yield* Effect.provide(run, sojourn())
    assert.deepStrictEqual(first, second)
    assert.match(first[0]!, /^019ca945-0a00-7/)
  }))
