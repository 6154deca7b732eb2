/** Sinks that fail, hang or reject: D3. */
import { assert, type Vitest } from "@effect/vitest"
import { type EventSink, type LoggedEvent, redeliver, RelayRepo, sinkEach } from "@sojourn/core"
import { Effect } from "effect"
import { admit, givenUser } from "./given.ts"
import {
  away,
  givenRelay,
  loggedAfter,
  recording,
  rejected,
  type RelayStore,
  running,
  statusOf,
  until,
  untilAt
} from "./relayGiven.ts"

/** A relay that is so many events behind. */
const givenBehind = Effect.fnUntraced(function*(count: number) {
  const { name, start } = yield* givenRelay
  const { userId } = yield* givenUser("unlimited")
  yield* Effect.replicateEffect(admit({ userId }), count)
  return { name, start, logged: yield* loggedAfter(start, count) }
})

/** Sinks that want anything but the poison. */
const picky = (poison: LoggedEvent, taken: Array<LoggedEvent>) => {
  const isPoison = ({ position }: LoggedEvent) => position === poison.position
  const take = (events: ReadonlyArray<LoggedEvent>) => Effect.sync(() => void taken.push(...events))
  return {
    "rejects whole batches": (events) => events.some(isPoison) ? Effect.fail(rejected) : take(events),
    "dies of it": (events) => events.some(isPoison) ? Effect.die(new Error("poison")) : take(events),
    "takes one by one": sinkEach((event) => isPoison(event) ? Effect.fail("poison") : take([event]))
  } satisfies Record<string, EventSink>
}

export const relayFailureCases = (it: Vitest.MethodsNonLive<RelayStore>): void => {
  it.effect(
    "D3 a sink that hangs or is away holds up neither logins nor the other relays, and loses nothing",
    () =>
      Effect.gen(function*() {
        const [hanging, failing, fine] = [yield* givenRelay, yield* givenRelay, yield* givenRelay]
        const good = recording()
        const back = recording()
        let isAway = true
        let tries = 0
        yield* running(hanging.name, () => Effect.never)
        yield* running(failing.name, (events) =>
          Effect.suspend(() => {
            tries++
            return isAway ? Effect.fail(away) : back.sink(events)
          }))
        yield* running(fine.name, good.sink)
        const { userId } = yield* givenUser("unlimited")
        yield* Effect.replicateEffect(admit({ userId }), 20)
        const logged = yield* loggedAfter(fine.start, 20)
        yield* untilAt(fine.name, logged.at(-1)!.position)
        assert.deepStrictEqual(good.taken(), logged)
        yield* until("it was tried more often than a rejected one would be", Effect.sync(() => tries > 4))
        for (const { name, start } of [hanging, failing]) {
          const { position, setAside } = yield* statusOf(name)
          assert.deepStrictEqual([position, setAside], [start, 0])
        }
        isAway = false
        yield* untilAt(failing.name, logged.at(-1)!.position)
        assert.deepStrictEqual(back.taken(), logged)
      }),
    20_000
  )

  it.effect.each(["rejects whole batches", "dies of it", "takes one by one"] as const)(
    "D3 an event that is rejected time and again is set aside, and the others go on: a sink that %s",
    (kind) =>
      Effect.gen(function*() {
        const repo = yield* RelayRepo
        const { logged, name } = yield* givenBehind(7)
        const poison = logged[3]!
        const taken: Array<LoggedEvent> = []
        yield* running(name, picky(poison, taken)[kind])
        yield* untilAt(name, logged.at(-1)!.position)
        assert.deepStrictEqual(taken, logged.filter((event) => event !== poison))
        const aside = yield* repo.setAside(name, 10)
        assert.deepStrictEqual(
          aside.map(({ eventId, message, position }) => ({ eventId, message, position })),
          [{ eventId: poison.event.eventId, message: "poison", position: poison.position }]
        )
        assert.strictEqual((yield* statusOf(name)).setAside, 1)
      })
  )

  it.effect("D3 what was set aside is delivered once the receiver takes it, and forgotten then", () =>
    Effect.gen(function*() {
      const repo = yield* RelayRepo
      const { logged, name } = yield* givenBehind(3)
      yield* running(name, () => Effect.fail(rejected), { attempts: 1 })
      yield* untilAt(name, logged.at(-1)!.position)
      assert.strictEqual((yield* repo.setAside(name, 10)).length, 3)

      const { sink, taken } = recording()
      const failed = yield* Effect.flip(
        redeliver(name, (events) => events[0]!.position === logged[1]!.position ? Effect.fail(away) : sink(events))
      )
      assert.strictEqual(failed.message, "away")
      assert.deepStrictEqual(taken(), [logged[0]!])
      assert.deepStrictEqual((yield* repo.setAside(name, 10)).map(({ position }) => position), [
        logged[1]!.position,
        logged[2]!.position
      ])
      assert.strictEqual(yield* redeliver(name, sink), 2)
      assert.deepStrictEqual(taken(), logged)
      assert.deepStrictEqual(yield* repo.setAside(name, 10), [])
      assert.strictEqual(yield* redeliver(name, sink), 0)
    }))
}
