/** Device and place of a login, found at the same time, each within a bounded time. */
import { Cause, Duration, Effect, Exit, Fiber, Metric, Option } from "effect"
import type { CreateSession } from "./CreateSession.ts"
import { DeviceEnricher, type EnrichmentError } from "./DeviceEnricher.ts"
import { LocationEnricher } from "./LocationEnricher.ts"
import { enrichmentFailures } from "./SessionMetrics.ts"

const timeout = Duration.millis(250)

type Answer<A> = Option.Option<A>
type Asked<A> = Fiber.Fiber<Answer<A>, EnrichmentError>

/** Asks apart from the login, so that an enricher that cannot be interrupted does not hold it up. */
const ask = <A>(answer: () => Effect.Effect<Answer<A>, EnrichmentError>): Effect.Effect<Asked<A>> =>
  Effect.forkDetach(Effect.suspend(answer), { startImmediately: true })

const exitOf = <A>(asked: Asked<A>): Exit.Exit<Answer<A>, EnrichmentError | Cause.TimeoutError> =>
  asked.pollUnsafe() ?? Exit.fail(new Cause.TimeoutError(`No answer within ${Duration.format(timeout)}`))

/** What both say within the time. Mostly they have answered already, and there is nothing to wait for. */
const settled = <A, B>(device: Asked<A>, location: Asked<B>) => {
  const exits = Effect.sync(() => ({ device: exitOf(device), location: exitOf(location) }))
  if (device.pollUnsafe() !== undefined && location.pollUnsafe() !== undefined) return exits
  return Effect.andThen(Fiber.await(device), Fiber.await(location)).pipe(
    Effect.timeoutOption(timeout),
    Effect.andThen(exits),
    Effect.ensuring(Effect.sync(() => {
      device.interruptUnsafe()
      location.interruptUnsafe()
    }))
  )
}

/** The enricher's answer; absent when it failed, defected or took too long, which is logged and counted. */
const orAbsent = <A>(enricher: string, exit: Exit.Exit<Answer<A>, unknown>): Effect.Effect<Answer<A>> =>
  Exit.isSuccess(exit)
    ? Effect.succeed(exit.value)
    : Effect.logWarning(`The ${enricher} enricher gave no answer; the login goes on without it`, exit.cause).pipe(
      Effect.andThen(Metric.update(Metric.withAttributes(enrichmentFailures, { enricher }), 1)),
      Effect.as(Option.none<A>())
    )

/** Asks both enrichers once, with what the client sent; what is missing reaches them as an empty string. */
export const enrich = Effect.fnUntraced(function*(command: CreateSession) {
  const devices = yield* DeviceEnricher
  const locations = yield* LocationEnricher
  const userAgent = Option.getOrElse(command.userAgent, () => "")
  const ipAddress = Option.getOrElse(command.ipAddress, () => "")
  const exits = yield* settled(
    yield* ask(() => devices.enrich(userAgent, command.clientHints)),
    yield* ask(() => locations.enrich(ipAddress))
  )
  return {
    device: yield* orAbsent("device", exits.device),
    location: yield* orAbsent("location", exits.location)
  }
})
