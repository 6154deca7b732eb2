/** Delivering all there is, once or again, in order, from one process at a time: D2 and D5. */
import { assert, type Vitest } from "@effect/vitest"
import { type EventSink, RelayRepo } from "@sojourn/core"
import { Array, Deferred, Duration, Effect, Fiber } from "effect"
import { admit, givenUser } from "./given.ts"
import {
  freshRelay,
  freshRun,
  givenRelay,
  loggedAfter,
  recording,
  type RelayStore,
  running,
  until,
  untilAt
} from "./relayGiven.ts"

/** Logins of three users, each of whom may have two sessions: evictions come with them. */
const logIns = Effect.fnUntraced(function*(count: number) {
  const users = yield* Effect.replicateEffect(givenUser(2), 3)
  yield* Effect.forEach(Array.range(1, count), (n) => admit({ userId: users[n % 3]!.userId }), { concurrency: 8 })
})

export const relayDeliveryCases = (it: Vitest.MethodsNonLive<RelayStore>): void => {
  it.effect("D2 every event once, in the order of the log, while logins go on", () =>
    Effect.gen(function*() {
      const { name, start } = yield* givenRelay
      const { batches, sink, taken } = recording()
      yield* running(name, sink, { batchSize: 4 })
      yield* logIns(30)
      const logged = yield* loggedAfter(start, 54)
      yield* untilAt(name, logged.at(-1)!.position)
      assert.strictEqual(logged.length, 54)
      assert.deepStrictEqual(taken(), logged)
      assert.isTrue(batches.every((batch) => batch.length > 0 && batch.length <= 4))
    }))

  it.effect("D2 one that was away catches up from where it was", () =>
    Effect.gen(function*() {
      const { name, start } = yield* givenRelay
      const [before, after] = [recording(), recording()]
      const first = yield* running(name, before.sink)
      yield* logIns(3)
      const early = yield* loggedAfter(start, 3)
      yield* untilAt(name, early.at(-1)!.position)
      yield* Fiber.interrupt(first)
      yield* logIns(20)
      const late = yield* loggedAfter(early.at(-1)!.position, 34)
      yield* running(name, after.sink, { batchSize: 10 })
      yield* untilAt(name, late.at(-1)!.position)
      assert.deepStrictEqual(before.taken(), early)
      assert.deepStrictEqual(after.taken(), late)
    }))

  it.effect("D2 what was being delivered when it stopped is delivered again", () =>
    Effect.gen(function*() {
      const { name, start } = yield* givenRelay
      const begun = yield* Deferred.make<void>()
      const cut = recording()
      const hanging: EventSink = (events) =>
        cut.sink(events).pipe(Effect.andThen(Deferred.succeed(begun, undefined)), Effect.andThen(Effect.never))
      yield* logIns(2)
      const logged = yield* loggedAfter(start, 2)
      const first = yield* running(name, hanging)
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(first)
      const { sink, taken } = recording()
      yield* running(name, sink)
      yield* untilAt(name, logged.at(-1)!.position)
      assert.deepStrictEqual(cut.taken(), logged)
      assert.deepStrictEqual(taken(), logged)
    }))

  it.effect("D2 a new one begins at the beginning of the log, or at its end", () =>
    Effect.gen(function*() {
      yield* logIns(1)
      const { start } = yield* givenRelay
      const [all, some] = [recording(), recording()]
      const [fromBeginning, fromEnd] = [yield* freshRelay, yield* freshRelay]
      yield* running(fromBeginning, all.sink)
      yield* running(fromEnd, some.sink, { from: "end" })
      yield* until(
        "both run",
        RelayRepo.use((repo) =>
          Effect.map(repo.list, (relays) =>
            [fromBeginning, fromEnd].every((name) => relays.some((relay) => relay.name === name)))
        )
      )
      yield* logIns(1)
      const logged = yield* loggedAfter(0, 1)
      for (const name of [fromBeginning, fromEnd]) {
        yield* untilAt(name, logged.at(-1)!.position)
      }
      assert.deepStrictEqual(all.taken(), logged)
      assert.deepStrictEqual(
        some.taken(),
        logged.filter(({ position }) =>
          position > start
        )
      )
    }))

  it.effect("D5 of two that run it one delivers, and the other goes on when it stops", () =>
    Effect.gen(function*() {
      const { name, start } = yield* givenRelay
      const [a, b] = [recording(), recording()]
      const first = yield* running(name, a.sink)
      yield* logIns(1)
      const [one] = yield* loggedAfter(start, 1)
      yield* untilAt(name, one!.position)
      yield* running(name, b.sink)
      yield* logIns(10)
      const some = yield* loggedAfter(one!.position, 14)
      yield* untilAt(name, some.at(-1)!.position)
      assert.deepStrictEqual([a.taken(), b.taken()], [[one!, ...some], []])
      yield* Fiber.interrupt(first)
      yield* logIns(10)
      const rest = yield* loggedAfter(some.at(-1)!.position, 14)
      yield* untilAt(name, rest.at(-1)!.position)
      assert.deepStrictEqual([a.taken(), b.taken()], [[one!, ...some], rest])
    }))

  it.effect(
    "D5 when the one that runs it dies, another takes over once its lease has run out",
    () =>
      Effect.gen(function*() {
        const repo = yield* RelayRepo
        const { name, start } = yield* givenRelay
        yield* logIns(2)
        const logged = yield* loggedAfter(start, 2)
        const dead = yield* freshRun(name)
        yield* repo.hold(dead, Duration.seconds(2), "end")
        const { sink, taken } = recording()
        yield* running(name, sink)
        yield* Effect.sleep("100 millis")
        assert.deepStrictEqual(taken(), [])
        yield* untilAt(name, logged.at(-1)!.position)
        assert.deepStrictEqual(taken(), logged)
      }),
    20_000
  )
}
