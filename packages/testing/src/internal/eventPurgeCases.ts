/** Deleting old events. */
import { assert, type Vitest } from "@effect/vitest"
import { EventLog, type LoggedEvent } from "@sojourn/core"
import { DateTime, Effect, Option } from "effect"
import { readAll } from "./eventReadCases.ts"
import { admit, eventsOf, givenUser, live, type Store } from "./given.ts"

// Where purging is tested: no event of another case is that old.
const era = DateTime.makeUnsafe("1972-01-01T00:00:00.000Z")
const old = { createdAt: DateTime.makeUnsafe("1971-06-01T00:00:00.000Z") }

/** How many events of others stand before these. */
const others = ([first]: ReadonlyArray<LoggedEvent>) =>
  Effect.map(
    readAll(Option.none(), 1000),
    (all) => all.filter(({ position }) => position < first!.position).length
  )

export const eventPurgeCases = (it: Vitest.MethodsNonLive<Store>): void => {
  it.effect(
    "purging deletes what is from before, at most so many, the oldest first; positions stay",
    () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        yield* log.purge(era, 1_000_000)
        const { userId } = yield* givenUser("unlimited", [old, old, old, live(1), old])
        yield* eventsOf(userId, 5)
        const whole = yield* readAll(Option.some(userId), 100)
        const before = yield* others(whole)

        assert.strictEqual(yield* log.purge(era, 0), 0)
        assert.strictEqual(yield* log.purge(era, before + 2), 2)
        assert.deepStrictEqual(yield* readAll(Option.some(userId), 100), whole.slice(2))
        assert.strictEqual(yield* log.purge(era, 1_000_000), 2)
        assert.strictEqual(yield* log.purge(era, 1_000_000), 0)
        assert.deepStrictEqual(yield* readAll(Option.some(userId), 100), [whole[3]!])
      }),
    30_000
  )

  it.effect(
    "purging leaves the rest where a login and its eviction go together, and goes on after them",
    () =>
      Effect.gen(function*() {
        const log = yield* EventLog
        yield* log.purge(era, 1_000_000)
        const { userId } = yield* givenUser(1)
        for (const _ of [1, 2, 3]) {
          yield* admit({ userId, ...old })
        }
        yield* eventsOf(userId, 5)
        const whole = yield* readAll(Option.some(userId), 100)
        assert.lengthOf(whole, 5)
        const before = yield* others(whole)

        const purged = yield* log.purge(era, before + 2)
        assert.include([2, 3], purged)
        assert.deepStrictEqual(yield* readAll(Option.some(userId), 100), whole.slice(purged))
        const more = yield* log.purge(era, before + 1)
        assert.include([1, 2], more)
        assert.deepStrictEqual(yield* readAll(Option.some(userId), 100), whole.slice(purged + more))
        assert.strictEqual(yield* log.purge(era, 1_000_000), whole.length - purged - more)
        assert.deepStrictEqual(yield* readAll(Option.some(userId), 100), [])
      }),
    30_000
  )
}
