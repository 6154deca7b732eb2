/** The relays' positions and leases over the events that the in-memory repository wrote. */
import { type RelayHolder, type RelayName, RelayRepo, RelayStatus, type SetAside } from "@sojourn/core"
import { Clock, DateTime, Duration, Effect, Option } from "effect"
import type { EventTable } from "./internal/EventTable.ts"

interface Relay {
  position: number
  lease: Option.Option<{ readonly holder: string; readonly until: number }>
  readonly setAside: Map<number, SetAside>
}

/** Leases are measured by the `Clock`. */
export const make = (events: EventTable): RelayRepo["Service"] => {
  const relays = new Map<RelayName, Relay>()

  const asideOf = (name: RelayName) =>
    [...relays.get(name)?.setAside.values() ?? []].toSorted((a, b) => a.position - b.position)

  const holds = (relay: Relay | undefined, { holder }: RelayHolder): relay is Relay =>
    relay !== undefined && Option.exists(relay.lease, (lease) => lease.holder === holder)

  const begin = (name: RelayName, position: number): Relay => {
    const relay: Relay = { position, lease: Option.none(), setAside: new Map() }
    relays.set(name, relay)
    return relay
  }

  return RelayRepo.of({
    hold: (run, lease, from) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const relay = relays.get(run.name) ?? begin(run.name, from === "end" ? events.last() : 0)
        const isHeld = Option.exists(relay.lease, ({ until }) => now < until)
        if (isHeld && !holds(relay, run)) return Option.none()
        relay.lease = Option.some({ holder: run.holder, until: now + Duration.toMillis(lease) })
        return Option.some({ position: relay.position, head: events.last() })
      }),
    advance: (run, position, aside) =>
      Effect.sync(() => {
        const relay = relays.get(run.name)
        if (!holds(relay, run)) return false
        relay.position = Math.max(relay.position, position)
        if (Option.isSome(aside)) relay.setAside.set(position, aside.value)
        return true
      }),
    release: (run) =>
      Effect.sync(() => {
        const relay = relays.get(run.name)
        if (holds(relay, run)) relay.lease = Option.none()
      }),
    list: Effect.map(Clock.currentTimeMillis, (now) =>
      [...relays.entries()]
        .map(([name, { lease, position, setAside }]) =>
          RelayStatus.make({
            name,
            position,
            head: events.last(),
            heldUntil: Option.map(
              Option.filter(lease, ({ until }) => now < until),
              ({ until }) => DateTime.makeUnsafe(until)
            ),
            setAside: setAside.size
          })
        )
        .toSorted((a, b) => a.name < b.name ? -1 : 1)),
    setAside: (name, limit) => Effect.sync(() => asideOf(name).slice(0, limit)),
    settle: (name, position) => Effect.sync(() => void relays.get(name)?.setAside.delete(position))
  })
}
