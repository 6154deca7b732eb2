/** Device and place of a login, found at the same time, each within a bounded time. */
import { Cause, Context, Duration, Effect, Exit, Fiber, Metric, Option } from "effect"
import { ask, isThere } from "./Asked.ts"
import type { CreateSession } from "./CreateSession.ts"
import type { Device } from "./Device.ts"
import { DeviceEnricher, type EnrichmentError } from "./DeviceEnricher.ts"
import type { Location } from "./Location.ts"
import { LocationEnricher } from "./LocationEnricher.ts"
import { enrichmentFailures } from "./SessionMetrics.ts"

const timeout = Duration.millis(250)

type Answer<A> = Option.Option<A>
type AnswerExit<A> = Exit.Exit<Answer<A>, EnrichmentError | Cause.TimeoutError>
/** An answer that was there at once, or the effect that looks for it. */
type Asked<A> = Effect.Effect<Answer<A>, EnrichmentError>

const timedOut = Exit.fail(new Cause.TimeoutError(`No answer within ${Duration.format(timeout)}`))

/** What both say within the time. Each runs in a fiber of its own, so that one that cannot be interrupted does not hold up the login. */
const settled = Effect.fnUntraced(function*<A, B>(device: Asked<A>, location: Asked<B>) {
  const fibers = [
    yield* Effect.forkDetach(device, { startImmediately: true }),
    yield* Effect.forkDetach(location, { startImmediately: true })
  ] as const
  const exits = Effect.sync(() => [fibers[0].pollUnsafe() ?? timedOut, fibers[1].pollUnsafe() ?? timedOut] as const)
  return yield* Effect.forEach(fibers, (fiber) => Fiber.await<unknown, unknown>(fiber), { discard: true }).pipe(
    Effect.timeoutOption(timeout),
    Effect.andThen(exits),
    Effect.ensuring(Effect.sync(() => fibers.forEach((fiber) => fiber.interruptUnsafe())))
  )
})

/** The enricher's answer; absent when it failed, defected or took too long, which is logged and counted. */
const orAbsent = <A>(enricher: string, exit: AnswerExit<A>): Effect.Effect<Answer<A>> =>
  Exit.isSuccess(exit)
    ? Effect.succeed(exit.value)
    : Effect.logWarning(`The ${enricher} enricher gave no answer; the login goes on without it`, exit.cause).pipe(
      Effect.andThen(Metric.update(Metric.withAttributes(enrichmentFailures, { enricher }), 1)),
      Effect.as(Option.none<A>())
    )

const told = (device: AnswerExit<Device>, location: AnswerExit<Location>) =>
  Exit.isSuccess(device) && Exit.isSuccess(location)
    ? Effect.succeed({ device: device.value, location: location.value })
    : Effect.all({ device: orAbsent("device", device), location: orAbsent("location", location) })

/** Asks both enrichers once, with what the client sent; what is missing reaches them as an empty string. */
export const enrich = (command: CreateSession, context: Context.Context<DeviceEnricher | LocationEnricher>) => {
  const userAgent = Option.getOrElse(command.userAgent, () => "")
  const ipAddress = Option.getOrElse(command.ipAddress, () => "")
  const device = ask(() => Context.get(context, DeviceEnricher).enrich(userAgent, command.clientHints))
  const location = ask(() => Context.get(context, LocationEnricher).enrich(ipAddress))
  // Mostly both know the answer already, and there is nothing to wait for.
  return isThere(device) && isThere(location)
    ? told(device, location)
    : Effect.flatMap(settled(device, location), ([device, location]) => told(device, location))
}
