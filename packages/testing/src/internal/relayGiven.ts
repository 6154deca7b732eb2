/** Relays for the cases of the suites, in a store that others use as well. */
import { assert } from "@effect/vitest"
import {
  EventLog,
  type EventSink,
  type LoggedEvent,
  RelayName,
  type RelayOptions,
  RelayRepo,
  runRelay,
  type SessionRepo,
  SinkError,
  type UserRepo
} from "@sojourn/core"
import { Duration, Effect, Option, Schedule } from "effect"
import { SecureRandom } from "effect/crypto"

/** What a case may use of the store that is tested. */
export type RelayStore = RelayRepo | EventLog | SessionRepo | UserRepo | SecureRandom.SecureRandom

const uuid = SecureRandom.SecureRandom.use((random) => random.uuidV4())

/** A run of this relay in a process of its own. */
export const freshRun = (name: RelayName) => Effect.map(uuid, (holder) => ({ name, holder }))

/** A relay that no other case has and that never ran. */
export const freshRelay = Effect.map(uuid, (id) => RelayName.make(`relay-${id}`))

/** A relay that stands at the end of the log and that nobody runs. */
export const givenRelay = Effect.gen(function*() {
  const repo = yield* RelayRepo
  const name = yield* freshRelay
  const run = yield* freshRun(name)
  const { position } = Option.getOrThrow(yield* repo.hold(run, Duration.seconds(1), "end"))
  yield* repo.release(run)
  return { name, start: position }
})

/** The relay as the list has it. */
export const statusOf = (name: RelayName) =>
  RelayRepo.use((repo) => Effect.map(repo.list, (relays) => relays.find((relay) => relay.name === name)!))

/** Quick enough for a test. The lease stays long: a relay that loses it delivers again. */
export const quick: RelayOptions = { every: "10 millis", attempts: 3, retryAtMost: "100 millis" }

/** Runs it until the test is over, or the fiber is interrupted. */
export const running = (name: RelayName, sink: EventSink, options: RelayOptions = {}) =>
  Effect.forkChild(runRelay(name, sink, { ...quick, ...options }))

/** Remembers what it takes. */
export const recording = () => {
  const batches: Array<ReadonlyArray<LoggedEvent>> = []
  const sink: EventSink = (events) => Effect.sync(() => void batches.push(events))
  return { batches, sink, taken: () => batches.flat() }
}

export const rejected = new SinkError({ reason: "Rejected", message: "poison", cause: "test" })
export const away = new SinkError({ reason: "Unavailable", message: "away", cause: "test" })

/** What is in the log after a position, once there are so many. */
export const loggedAfter = (position: number, atLeast: number) =>
  EventLog.use((log) =>
    log.read({ after: position, limit: 1000 }).pipe(
      Effect.repeat({
        until: (events) => events.length >= atLeast,
        schedule: Schedule.spaced("10 millis"),
        times: 500
      })
    )
  )

/** Waits for it, ten seconds at most. */
export const until = <E, R>(what: string, condition: Effect.Effect<boolean, E, R>) =>
  condition.pipe(
    Effect.repeat({ until: (holds) => holds, schedule: Schedule.spaced("5 millis"), times: 2000 }),
    Effect.map((holds) => assert.isTrue(holds, what))
  )

/** Waits until the relay has come so far. */
export const untilAt = (name: RelayName, position: number) =>
  until(`the relay is at ${position}`, Effect.map(statusOf(name), (relay) => relay.position >= position))
