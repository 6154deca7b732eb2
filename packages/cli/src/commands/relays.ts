/** `sojourn relays`: how far each relay is, and what it could not deliver. */
import { EventId, Instant, RelayName, RelayRepo, SetAside } from "@sojourn/core"
import { Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { oneLine } from "../failure.ts"
import { countFlag } from "../options.ts"
import { formatTime, print, table } from "../output.ts"
import { findRelay, relayName } from "./relayName.ts"

/**
 * All relays by name. `behind`: how many positions of the log are left, which have gaps. `heldUntil`: a process runs it,
 * and has said so until then; null: none does. `setAside` counts the events that could not be delivered.
 */
export const RelaysResult = Schema.Struct({
  relays: Schema.Array(Schema.Struct({
    name: RelayName,
    position: Schema.Int,
    head: Schema.Int,
    behind: Schema.Int,
    heldUntil: Schema.NullOr(Instant),
    setAside: Schema.Int
  }))
})

/** What a relay has set aside, by position, and why. `total` counts all of it. */
export const SetAsideResult = Schema.Struct({
  name: RelayName,
  setAside: Schema.Array(Schema.Struct({
    position: Schema.Int,
    eventId: EventId,
    message: Schema.String,
    at: Instant
  })),
  total: Schema.Int
})

export const relays = Command.make(
  "relays",
  {},
  Effect.fnUntraced(function*() {
    const repo = yield* RelayRepo
    const relays = (yield* repo.list).map(({ head, heldUntil, name, position, setAside }) => ({
      name,
      position,
      head,
      behind: Math.max(0, head - position),
      heldUntil: Option.getOrNull(heldUntil),
      setAside
    }))
    yield* print(RelaysResult)(
      { relays },
      (style) =>
        relays.length === 0 ? [style.dim("No relay ever ran; see \"sojourn relay --help\"")] : table(
          style,
          ["NAME", "POSITION", "HEAD", "BEHIND", "HELD UNTIL", "SET ASIDE"],
          relays.map(({ behind, head, heldUntil, name, position, setAside }) => [
            name,
            String(position),
            String(head),
            String(behind),
            heldUntil === null ? "not running" : formatTime(heldUntil),
            String(setAside)
          ])
        )
    )
  })
).pipe(
  Command.withShortDescription("Show how far each relay is"),
  Command.withDescription(
    "Show all relays that ever ran: the position up to which everything is delivered, the last one of the log, how far " +
      "behind that is, whether a process runs it, and how many events could not be delivered."
  ),
  Command.withExamples([
    { command: "sojourn relays --json", description: "For a monitor: is any far behind?" },
    { command: "sojourn relays set-aside billing", description: "What billing did not want, and why" }
  ])
)

export const relaysSetAside = Command.make(
  "set-aside",
  {
    name: relayName,
    limit: countFlag("limit", 1, 10_000).pipe(
      Flag.withDefault(100),
      Flag.withMetavar("count"),
      Flag.withDescription("At most so many, the oldest ones: 1 to 10000, by default 100")
    )
  },
  Effect.fnUntraced(function*({ limit, name }) {
    const repo = yield* RelayRepo
    const { setAside: total } = yield* findRelay(name)
    const setAside: ReadonlyArray<SetAside> = yield* repo.setAside(name, limit)
    yield* print(SetAsideResult)({ name, setAside, total }, (style) => [
      ...(setAside.length === 0 ? [] : table(
        style,
        ["POSITION", "EVENT", "SET ASIDE", "WHY"],
        setAside.map(({ at, eventId, message, position }) => [
          String(position),
          eventId,
          formatTime(at),
          oneLine(message)
        ])
      )),
      style.dim(`${total} set aside` + (setAside.length < total ? `; the oldest ${setAside.length} are shown` : ""))
    ])
  })
).pipe(
  Command.withShortDescription("Show what a relay could not deliver"),
  Command.withDescription(
    "Show the events that a relay has set aside because its receiver rejected them ten times, and what it said last. " +
      "They stay in the log; \"sojourn relay <name> --to … --redeliver\" delivers them, once the receiver takes them."
  ),
  Command.withExamples([{
    command: "sojourn relays set-aside billing",
    description: "What billing did not want, and why"
  }])
)
