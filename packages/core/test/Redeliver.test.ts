import { assert, it } from "@effect/vitest"
import { EventId, redeliver, RelayName, RelayRepo, SetAside } from "@sojourn/core"
import * as Fixtures from "@sojourn/testing/Fixtures"
import { Effect } from "effect"
import { sojourn } from "./alice.ts"

it.effect("D3 all that was set aside is settled, however much it is", () =>
  Effect.gen(function*() {
    const eventId = EventId.make("00000000-0000-4000-8000-000000000001")
    const left = new Map(Array.from({ length: 10_001 }, (_, nth) => [
      nth + 1,
      SetAside.make({ position: nth + 1, eventId, message: "no", at: Fixtures.now })
    ]))
    const repo = yield* RelayRepo
    yield* redeliver(RelayName.make("many"), () => Effect.void).pipe(
      Effect.provideService(RelayRepo, {
        ...repo,
        setAside: (_, limit) => Effect.sync(() => [...left.values()].slice(0, limit)),
        settle: (_, position) => Effect.sync(() => void left.delete(position))
      })
    )
    assert.strictEqual(left.size, 0)
  }).pipe(Effect.provide(sojourn)))
