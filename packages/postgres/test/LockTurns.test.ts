/** How many wait for locks at once, how long, and what is left of them afterwards. */
import { assert, it, layer } from "@effect/vitest"
import { SessionEnd, SessionId, system } from "@sojourn/core"
import { alone, locking } from "@sojourn/postgres/LockWait"
import * as Revocations from "@sojourn/postgres/Revocations"
import type { Revocation } from "@sojourn/postgres/RevokeStatements"
import { Fixtures } from "@sojourn/testing"
import { Cause, Duration, Effect, Exit, Fiber, Function, Latch, Option } from "effect"
import { SqlClient } from "effect/sql"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { postgres } from "./database.ts"

layer(postgres(), { excludeTestServices: true, timeout: "60 seconds" })("turns", (it) => {
  it.effect("V12 four statements wait at once, of different users, and the next one when one of them is done", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const go = yield* Latch.make()
      const began: Array<string> = []
      const waiting = alone(sql, Duration.seconds(20))
      const names = Array.from({ length: 12 }, (_, n) => `user-${n}`)
      const fibers = yield* Effect.forEach(
        names,
        (name) => Effect.forkChild(waiting(Effect.andThen(Effect.sync(() => began.push(name)), go.await), name))
      )
      // Four have a connection, and the pool has others: what is asked now is answered.
      yield* Effect.repeat(sql`SELECT 1`, { until: () => began.length >= 4 })
      yield* Effect.repeat(sql`SELECT pg_sleep(0.02)`, { times: 10 })
      assert.lengthOf(began, 4)
      yield* go.open
      yield* Effect.forEach(fibers, Fiber.join)
      assert.sameMembers(began, names)
    }))

  it.effect("V12 a statement that is not to wait for a lock, and is not answered, fails in time", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const asked: Array<boolean> = []
      const told = yield* locking(sql, Duration.millis(50))((wait) => {
        asked.push(wait)
        return Effect.never
      }).pipe(Effect.exit, Effect.timeout("5 seconds"))
      assert.isTrue(Option.exists(Exit.findErrorOption(told), Cause.isTimeoutError))
      assert.deepStrictEqual(asked, [false])
    }))
})

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

it.live("V11 of who waited apart for a lock nothing is kept once they are answered", () =>
  Effect.gen(function*() {
    const row = { user_id: null, device: null, changed: true }
    const revoke = yield* Revocations.make({
      one: ({ sessionId }, wait) => Effect.succeed({ ...row, session_id: sessionId, busy: !wait }),
      several: () => Effect.die("one at a time")
    }, Function.identity)
    const end = SessionEnd.make({ at: Fixtures.now, reason: "logout", actor: system })
    const asked: Array<WeakRef<Revocation>> = []
    const ending = Effect.suspend(() => {
      const sessionId = SessionId.make("019ca945-0a00-7000-8c1d-000000000000")
      const revocation = { sessionId, end, owner: Option.none(), reuse: Option.none() }
      asked.push(new WeakRef(revocation))
      return revoke(revocation, () => Effect.void)
    })
    for (let nth = 0; nth < 100; nth++) yield* ending
    // Not within the turn of what was asked: a WeakRef holds on until that ends.
    yield* Effect.sleep("10 millis")
    collectGarbage()
    // The last ones may be held by what ran them.
    assert.isBelow(asked.filter((one) => one.deref() !== undefined).length, 10)
  }).pipe(Effect.scoped))
