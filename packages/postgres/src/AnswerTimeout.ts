/** How long the application waits for the database. */
import { Context, Duration, Effect, Fiber } from "effect"

/**
 * When a server is frozen or the network swallows everything, nothing else ends the waiting. Default: 15 seconds, which
 * is longer than the statement timeout, so that a server that lives tells its own reason first.
 */
export const AnswerTimeout = Context.Reference<Duration.Duration>("@sojourn/postgres/AnswerTimeout", {
  defaultValue: () => Duration.seconds(15)
})

/** Runs a transaction apart from its caller: one that a frozen server keeps from rolling back holds up nobody. */
export const apart = <A, E, R>(transaction: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    Effect.forkDetach(transaction, { startImmediately: true }),
    (fiber) => Effect.onInterrupt(Fiber.join(fiber), () => Effect.sync(() => fiber.interruptUnsafe()))
  )

/** Bounds the wait for an answer, and tells any failure of an operation as the port's own error. */
export const inTime =
  <Err>(timeout: Duration.Duration, toError: (operation: string) => (cause: unknown) => Err) =>
  (operation: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, Err, R> =>
    Effect.mapError(Effect.timeout(effect, timeout), toError(operation))
