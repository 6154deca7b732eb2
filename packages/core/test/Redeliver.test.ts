import { assert, it } from "@effect/vitest"
import { EventId, redeliver, RelayName, RelayRepo, SetAside } from "@sojourn/core"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { Effect } from "effect"
import { logIn, sojourn } from "./alice.ts"
import { timed } from "./relayed.ts"

const eventId = EventId.make("00000000-0000-4000-8000-000000000001")

/** The first so many positions, set aside with an event that the log does not have there, while this runs. */
const settingAside = Effect.fnUntraced(function*<A, E, R>(count: number, effect: Effect.Effect<A, E, R>) {
  const left = new Map(Array.from({ length: count }, (_, nth) => [
    nth + 1,
    SetAside.make({ position: nth + 1, eventId, message: "no", at: Fixtures.now })
  ]))
  const result = yield* Effect.provideService(effect, RelayRepo, {
    ...yield* RelayRepo,
    setAside: (_, limit) => Effect.sync(() => [...left.values()].slice(0, limit)),
    settle: (_, position) => Effect.sync(() => void left.delete(position))
  })
  return { left, result }
})

it.effect("D3 all that was set aside is settled, however much it is", () =>
  Effect.gen(function*() {
    const { left } = yield* settingAside(10_001, redeliver(RelayName.make("many"), () => Effect.void))
    assert.strictEqual(left.size, 0)
  }).pipe(Effect.provide(sojourn)))

it.effect("D3 what is past its retention is neither delivered nor counted, and no other event in its place", () =>
  Effect.gen(function*() {
    yield* logIn
    const { sink, tries } = timed(() => Effect.void)
    const { left, result } = yield* settingAside(1, redeliver(RelayName.make("many"), sink))
    assert.deepStrictEqual([result, tries, left.size], [0, [], 0])
  }).pipe(Effect.provide(sojourn)))
