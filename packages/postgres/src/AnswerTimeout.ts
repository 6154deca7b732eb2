/** How long the application waits for the database. */
import { Context, Duration, Effect } from "effect"

/**
 * When a server is frozen or the network swallows everything, nothing else ends the waiting. Default: 15 seconds, which
 * is longer than the statement timeout, so that a server that lives tells its own reason first. What has to wait for a
 * lock may take longer: so long for its turn, and so long for its statement, after one of the same user's before it.
 *
 * Read when the Layers of the stores are built: sessions, credentials, users, event log and relays. So provide it to
 * the Layer that is composed of them, as in `Layer.provide(layer, Layer.succeed(AnswerTimeout, Duration.seconds(20)))`.
 * Around a handler it changes nothing. `Migrations` do not read it.
 */
export const AnswerTimeout = Context.Reference<Duration.Duration>("@sojourn/postgres/AnswerTimeout", {
  defaultValue: () => Duration.seconds(15)
})

/** Bounds the wait for an answer, and tells any failure of an operation as the port's own error. */
export const inTime =
  <Err>(timeout: Duration.Duration, toError: (operation: string) => (cause: unknown) => Err) =>
  (operation: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, Err, R> =>
    Effect.mapError(Effect.timeout(effect, timeout), toError(operation))
