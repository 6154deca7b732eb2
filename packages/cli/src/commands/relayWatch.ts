/** Looks on while a relay runs: how far it is, and when it has caught up. */
import {
  EventLog,
  type EventLogError,
  type EventSink,
  type RelayError,
  type RelayName,
  type RelayProgress,
  RelayRepo
} from "@sojourn/core"
import { Data, Deferred, Effect, Layer, Option } from "effect"
import { grouped, type Progress } from "../progress.ts"

/** Another process runs the relay. */
export class HeldElsewhere extends Data.TaggedError("HeldElsewhere")<{ readonly name: RelayName }> {
  override get message() {
    return `Another process runs the relay "${this.name}"; see "sojourn relays"`
  }
}

/** A second apart: in all, longer than the lease of a process that died. */
const refusalsAtMost = 6

/** Waiting mends only that the store cannot be reached. */
const isLasting = ({ reason }: RelayError | EventLogError) => reason !== "Unavailable"

/** What one run has done, and where it is. */
export interface RelayCount {
  delivered: number
  setAside: number
  position: number
}

/**
 * A relay under watch. If it is wanted only `untilCaughtUp`, `over` is done when everything that could be read at the
 * start is delivered or set aside, and fails when that cannot come to pass.
 */
export const make = (name: RelayName, untilCaughtUp: boolean) => {
  const over = Deferred.makeUnsafe<void, HeldElsewhere | RelayError | EventLogError>()
  const count: RelayCount = { delivered: 0, setAside: 0, position: 0 }
  let start: RelayProgress | undefined
  let head = 0
  let isRunning = false
  let isAtEnd = false
  let refusals = 0

  const caughtUp = Effect.suspend(() =>
    untilCaughtUp && start !== undefined && (isAtEnd || count.position >= start.head)
      ? Deferred.succeed(over, undefined)
      : Effect.void
  )

  const broken = (error: RelayError | EventLogError) =>
    untilCaughtUp && isLasting(error) ? Deferred.fail(over, error) : Effect.void

  const hold = (held: Option.Option<RelayProgress>) => {
    isRunning = Option.isSome(held)
    if (Option.isNone(held)) {
      refusals += 1
      return untilCaughtUp && refusals >= refusalsAtMost
        ? Deferred.fail(over, new HeldElsewhere({ name }))
        : Effect.void
    }
    refusals = 0
    head = held.value.head
    count.position = Math.max(count.position, held.value.position)
    start ??= held.value
    return Effect.void
  }

  const repo = Effect.map(RelayRepo, (repo): RelayRepo["Service"] => ({
    ...repo,
    hold: (run, lease, from) => repo.hold(run, lease, from).pipe(Effect.tap(hold), Effect.tapError(broken)),
    advance: (run, position, setAside) =>
      repo.advance(run, position, setAside).pipe(
        Effect.tap((moved) => {
          if (!moved) return Effect.void
          count.position = position
          count.setAside += Option.isSome(setAside) ? 1 : 0
          return caughtUp
        }),
        Effect.tapError(broken)
      )
  }))

  const log = Effect.map(EventLog, (log): EventLog["Service"] => ({
    ...log,
    read: (query) =>
      log.read(query).pipe(
        Effect.tap((page) => {
          isAtEnd = page.length === 0 && query.after === count.position
          return caughtUp
        }),
        Effect.tapError(broken)
      )
  }))

  const behind = () => isAtEnd ? 0 : Math.max(0, head - count.position)

  const share = () => {
    const from = start?.position ?? 0
    return behind() === 0 ? 1 : (count.position - from) / (head - from)
  }

  return {
    over,
    count,
    /** What the relay runs over. */
    layer: Layer.merge(Layer.effect(RelayRepo, repo), Layer.effect(EventLog, log)),
    /** Counts what the sink has taken. */
    counting: <R>(sink: EventSink<R>): EventSink<R> => (events) =>
      sink(events).pipe(
        Effect.tap(() => Effect.sync(() => (count.delivered += events.length))),
        Effect.tapError(({ delivered }) => Effect.sync(() => (count.delivered += delivered)))
      ),
    look: (): Progress => ({
      share: isRunning ? Option.some(share()) : Option.none(),
      count: count.delivered,
      done: "delivered",
      more: [
        ...(count.setAside > 0 ? [`${grouped(count.setAside)} set aside`] : []),
        isRunning
          ? `at position ${grouped(count.position)}, ${grouped(behind())} behind`
          : "waiting for the relay, which another process may run"
      ]
    })
  }
}
