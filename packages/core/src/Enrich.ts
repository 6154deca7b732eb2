/** Device and place of a login, found at the same time, each within a bounded time. */
import { Cause, Duration, Effect, Exit, Fiber, Metric, Option, Result } from "effect"
import type { CreateSession } from "./CreateSession.ts"
import { DeviceEnricher, type EnrichmentError } from "./DeviceEnricher.ts"
import { LocationEnricher } from "./LocationEnricher.ts"
import { enrichmentFailures } from "./SessionMetrics.ts"

const timeout = Duration.millis(250)

type Answer<A> = Option.Option<A>
type AnswerExit<A> = Exit.Exit<Answer<A>, EnrichmentError | Cause.TimeoutError>
/** An answer that was there at once, or the fiber that looks for it. */
type Asked<A> = AnswerExit<A> | Fiber.Fiber<Answer<A>, EnrichmentError>

const isThere = <A, E>(answer: Effect.Effect<A, E>): answer is Exit.Exit<A, E> => Exit.isExit(answer)

/** Asks apart from the login, so that an enricher that cannot be interrupted does not hold it up. */
const ask = <A>(answer: () => Effect.Effect<Answer<A>, EnrichmentError>) =>
  Effect.suspend((): Effect.Effect<Asked<A>> => {
    const asked = Result.try(answer)
    if (Result.isFailure(asked)) return Effect.succeed(Exit.die(asked.failure))
    return isThere(asked.success)
      ? Effect.succeed(asked.success)
      : Effect.forkDetach(asked.success, { startImmediately: true })
  })

const exitOf = <A>(asked: Asked<A>): AnswerExit<A> | undefined => Exit.isExit(asked) ? asked : asked.pollUnsafe()

const orTimedOut = <A>(asked: Asked<A>): AnswerExit<A> =>
  exitOf(asked) ?? Exit.fail(new Cause.TimeoutError(`No answer within ${Duration.format(timeout)}`))

const awaitAnswer = <A>(asked: Asked<A>) => Exit.isExit(asked) ? Effect.void : Fiber.await(asked)

const interrupt = <A>(asked: Asked<A>) => Effect.sync(() => Exit.isExit(asked) || asked.interruptUnsafe())

/** What both say within the time. Mostly they have answered already, and there is nothing to wait for. */
const settled = <A, B>(device: Asked<A>, location: Asked<B>) => {
  const exits = Effect.sync(() => ({ device: orTimedOut(device), location: orTimedOut(location) }))
  if (exitOf(device) !== undefined && exitOf(location) !== undefined) return exits
  return Effect.andThen(awaitAnswer(device), awaitAnswer(location)).pipe(
    Effect.timeoutOption(timeout),
    Effect.andThen(exits),
    Effect.ensuring(Effect.andThen(interrupt(device), interrupt(location)))
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
