/** Tells the event bus what happened, in order, and is not held up by it. */
import { Context, Effect, Exit, Fiber, Function, Metric, Semaphore } from "effect"
import { ask, isThere } from "./Asked.ts"
import { atMostEvery } from "./AtMostEvery.ts"
import type { EventBus } from "./EventBus.ts"
import type { SessionEvent } from "./SessionEvent.ts"
import { busErrors } from "./SessionMetrics.ts"

type Bus = Context.Service.Shape<typeof EventBus>

/** How long a bus may hold up those who tell it. What it does goes on after that. */
const patience = "250 millis"

/** So many publications wait for a bus at most. */
const capacity = 1000

/** What a bus is to be told, one publication after the other. */
class Line {
  readonly turn = Semaphore.makeUnsafe(1)
  readonly rarely = atMostEvery("30 seconds")
  /** How many publications are under way or wait. */
  length = 0
  /** Somebody lost their patience, and it has not caught up since. */
  isLate = false
}

const lineOf = Function.memoize((_bus: Bus) => new Line())

/** The line whose turn it is here: a bus that ends a session for what it hears is told of that later, and need not wait. */
const Telling = Context.Reference<Line | undefined>("@sojourn/core/Publish/Telling", { defaultValue: () => undefined })

/** Tells it when it is its turn, and waits for it a moment, unless others do in vain. */
const inLine = (line: Line, tell: Effect.Effect<void>, isWithin: boolean) => {
  let isCounted = false
  const failed = (...why: ReadonlyArray<unknown>) =>
    Effect.suspend(() => {
      if (isCounted) return Effect.void
      isCounted = true
      return Effect.andThen(
        line.rarely(Effect.logWarning("The event bus failed; the event log has the events", ...why)),
        Metric.update(busErrors, 1)
      )
    })
  const tooSlow = Effect.suspend(() => {
    line.isLate = true
    return failed(`It took longer than ${patience}`)
  })
  if (line.length >= capacity) return failed(`It is ${capacity} publications behind and is not told any more`)
  line.length++
  return tell.pipe(
    Effect.provideService(Telling, line),
    Effect.catchCause(failed),
    line.turn.withPermit,
    Effect.ensuring(Effect.sync(() => {
      if (--line.length === 0) line.isLate = false
    })),
    Effect.forkDetach({ startImmediately: true }),
    Effect.flatMap((fiber) =>
      // A bus inside the process is done by now.
      isWithin || fiber.pollUnsafe() !== undefined
        ? Effect.void
        : line.isLate
        ? failed("It has not done with an earlier publication")
        : Effect.timeoutOrElse(Fiber.await(fiber), { duration: patience, orElse: () => tooSlow })
    )
  )
}

/** Hands the events to the bus, in order. Never fails. */
export const publish = (bus: Bus, events: ReadonlyArray<SessionEvent>): Effect.Effect<void> =>
  Effect.contextWith((context: Context.Context<never>) => {
    const line = lineOf(bus)
    const tell = line.length === 0 ? ask(() => bus.publish(events)) : Effect.suspend(() => bus.publish(events))
    // A fiber for a bus that was done at once would be a twentieth of a login.
    return isThere(tell) && Exit.isSuccess(tell)
      ? Effect.void
      : inLine(line, tell, Context.get(context, Telling) === line)
  })
