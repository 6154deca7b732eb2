/** How much of the event log one read takes, and what is told where that cannot be meant. */
import { assert, type Vitest } from "@effect/vitest"
import { EventLog, EventLogError } from "@sojourn/core"
import { Effect, Option } from "effect"
import { eventsOf, givenUser, live, type Store } from "./given.ts"

export const eventLimitCases = (it: Vitest.MethodsNonLive<Store>): void => {
  it.effect("D2 a limit is whole: none, or as many as a number of four bytes may tell", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      const { userId } = yield* givenUser("unlimited", [live(2), live(1)])
      yield* eventsOf(userId, 2)
      const read = (limit: number) => log.read({ after: 0, limit, userId: Option.some(userId) })
      assert.deepStrictEqual(yield* read(0), [])
      assert.lengthOf(yield* read(2_147_483_647), 2)
      for (const limit of [-1, 0.5, 1.5, Number.NaN, 2_147_483_648, Number.POSITIVE_INFINITY]) {
        const error = yield* Effect.flip(read(limit))
        assert.instanceOf(error, EventLogError)
        assert.deepInclude(error, { operation: "read", reason: "InvalidData" })
        assert.include(error.message, `give a whole number from 0 to that as limit, not ${limit}`)
      }
    }))

  it.effect("D2 a position to read after is whole", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      for (const after of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        const error = yield* Effect.flip(log.read({ after, limit: 1 }))
        assert.deepInclude(error, { operation: "read", reason: "InvalidData" })
        assert.include(error.message, `${after} was given`)
      }
    }))
}
