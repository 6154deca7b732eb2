/** A relay on the test's clock, over stores that can be taken away. */
import {
  EventLog,
  EventLogError,
  type EventSink,
  type LoggedEvent,
  RelayError,
  RelayName,
  type RelayOptions,
  RelayRepo,
  runRelay
} from "@sojourn/core"
import { Clock, Effect, Layer, Option } from "effect"

export const name = RelayName.make("audit")

/** Runs it until the test is over. */
export const relay = (sink: EventSink, options: RelayOptions = {}) =>
  Effect.forkChild(runRelay(name, sink, options), { startImmediately: true })

/** The relay as the store has it. */
export const status = RelayRepo.use((repo) =>
  Effect.map(repo.list, (relays) => relays.find((relay) => relay.name === name)!)
)

export const positions = (events: ReadonlyArray<LoggedEvent>) => events.map(({ position }) => position)

/** A sink that remembers which positions it was given and when, in milliseconds, and then does something of its own. */
export const timed = (deliver: EventSink) => {
  const tries: Array<{ readonly at: number; readonly positions: ReadonlyArray<number> }> = []
  const sink: EventSink = (events, after) =>
    Effect.flatMap(Clock.currentTimeMillis, (at) => {
      tries.push({ at, positions: positions(events) })
      return deliver(events, after)
    })
  return { tries, sink }
}

const reason = { reason: "Unavailable", message: "away", cause: "test" } as const

type Answer = "yes" | "fails" | "dies" | "hangs" | "another"

/** Stores that answer as they are told, each operation for itself; `reads` are the positions read on from. */
export const stores = () => {
  const answers: Record<"read" | "hold" | "advance", Answer> = { read: "yes", hold: "yes", advance: "yes" }
  const reads: Array<number> = []
  const away = new RelayError({ operation: "test", ...reason })
  const answer = <A>(name: "hold" | "advance", yes: Effect.Effect<A, RelayError>, another: A) =>
    Effect.suspend(() =>
      ({
        yes,
        fails: Effect.fail(away),
        dies: Effect.die("a bug"),
        hangs: Effect.never,
        another: Effect.succeed(another)
      })[answers[name]]
    )
  const layer = Layer.merge(
    Layer.effect(
      EventLog,
      Effect.map(EventLog, (log) => ({
        ...log,
        read: (query) =>
          Effect.suspend(() => {
            reads.push(query.after)
            return answers.read === "yes"
              ? log.read(query)
              : answers.read === "dies"
              ? Effect.die("a bug")
              : Effect.fail(new EventLogError({ operation: "read", ...reason }))
          })
      }))
    ),
    Layer.effect(
      RelayRepo,
      Effect.map(RelayRepo, (repo) => ({
        ...repo,
        hold: (...args) => answer("hold", repo.hold(...args), Option.none()),
        advance: (...args) => answer("advance", repo.advance(...args), false)
      }))
    )
  )
  return { answers, reads, layer }
}
