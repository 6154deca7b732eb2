/** `sojourn relay`: takes events to where they are wanted, at least once and in order. */
import { redeliver, RelayName, runRelay } from "@sojourn/core"
import { Console, Deferred, Duration, Effect, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { Failed, misuse } from "../failure.ts"
import { switchFlag } from "../options.ts"
import { print } from "../output.ts"
import * as Progress from "../progress.ts"
import { type Destination, destination } from "./relayDestination.ts"
import { findRelay, relayName } from "./relayName.ts"
import { Receiver } from "./relayReceiver.ts"
import * as RelayWatch from "./relayWatch.ts"

/** What a relay did that was to end by itself. */
export const RelayResult = Schema.Struct({
  name: RelayName,
  delivered: Schema.Int,
  setAside: Schema.Int,
  position: Schema.Int
})

/** How many of the events that had been set aside were delivered after all. */
export const RedeliverResult = Schema.Struct({ name: RelayName, redelivered: Schema.Int })

const events = (count: number) => count === 1 ? "1 event" : `${Progress.grouped(count)} events`

const recent = { rateOver: Duration.seconds(5) }

const run = Effect.fnUntraced(function*(
  { from, name, to, untilCaughtUp }: {
    readonly name: RelayName
    readonly to: Destination
    readonly from: "beginning" | "end"
    readonly untilCaughtUp: boolean
  }
) {
  const { gone, options, sink } = yield* Receiver
  const { count, counting, layer, look, over } = RelayWatch.make(name, untilCaughtUp)
  yield* runRelay(name, counting(sink), { ...options, from }).pipe(
    Effect.provide(layer),
    Effect.raceFirst(Deferred.await(over)),
    Effect.raceFirst(gone),
    Progress.shown(look, recent)
  )
  // Standard output holds the events then.
  if (to !== "stdout") {
    yield* print(RelayResult)({ name, ...count }, ({ bold }) => [
      `${bold(name)} has delivered ${events(count.delivered)} and is at position ${count.position}`
    ])
  }
  if (count.setAside === 0) return
  yield* Console.error(
    `sojourn: ${events(count.setAside)} could not be delivered; see "sojourn relays set-aside ${name}"`
  )
  return yield* new Failed({ exitCode: 1 })
})

const redeliverAll = Effect.fnUntraced(function*({ name, to }: { readonly name: RelayName; readonly to: Destination }) {
  yield* findRelay(name)
  const { gone, sink } = yield* Receiver
  const redelivered = yield* Effect.raceFirst(redeliver(name, sink), gone)
  if (to === "stdout") return
  yield* print(RedeliverResult)(
    { name, redelivered },
    ({ bold, dim }) => [
      redelivered === 0
        ? dim(`Nothing of ${name} is set aside`)
        : `${bold(name)} has delivered ${events(redelivered)} that had been set aside`
    ]
  )
})

export const relay = Command.make(
  "relay",
  {
    name: relayName,
    to: destination,
    from: Flag.Literals("from", ["beginning", "end"]).pipe(
      Flag.withDefault("beginning"),
      Flag.withDescription("Where in the log a relay begins that never ran before, by default at the beginning")
    ),
    untilCaughtUp: switchFlag("until-caught-up", "End when everything is delivered that could be read at the start"),
    redeliver: switchFlag("redeliver", "Deliver what was set aside, and nothing else")
  },
  Effect.fnUntraced(function*({ redeliver, ...input }) {
    if (redeliver) yield* redeliverAll(input)
    else yield* run(input)
  })
).pipe(
  Command.withShortDescription("Take events to Redis, a webhook or standard output"),
  Command.withDescription(
    "Take the events of the log to where they are wanted, at least once and in order, until it is stopped. " +
      "The position is kept under the relay's name and moves on after each delivery, so that the relay goes on where it " +
      "was, whatever ended it. Of all processes that run a relay of this name one delivers; when it dies another goes on " +
      "within seconds. A receiver that is away is tried again for as long as it takes. An event that it rejects ten " +
      "times is set aside, and the relay goes on. How far it is, is told on standard error. " +
      "Redis: a stream, whose name begins with SOJOURN_REDIS_PREFIX. A webhook is signed with the key in " +
      "SOJOURN_WEBHOOK_KEY, whose name is in SOJOURN_WEBHOOK_KEY_ID. " +
      "Do not use the name of a relay that an application runs for another receiver: that one would miss what goes " +
      "here. While a relay runs on an embedded database, no other command can use it."
  ),
  Command.withExamples([
    { command: "sojourn relay audit --to stdout", description: "Every event as a line of JSON, as it comes" },
    {
      command: "sojourn relay billing --to https://example.com/hooks/sessions --until-caught-up",
      description: "From a timer: send what is new, and end"
    },
    { command: "sojourn relay push --to redis --from end", description: "What happens from now on, into Redis" },
    {
      command: "sojourn relay billing --to https://example.com/hooks/sessions --redeliver",
      description: "Once the receiver is mended: send what it had rejected"
    }
  ])
)

/** One way to end, or none. */
export const checkRelay = ({ redeliver, untilCaughtUp }: {
  readonly redeliver: boolean
  readonly untilCaughtUp: boolean
}) =>
  redeliver && untilCaughtUp
    ? misuse(["relay"], "Give --redeliver or --until-caught-up, not both")
    : Effect.void
