/** Device and place of a login, found at the same time, each within a bounded time. */
import { Duration, Effect, Fiber, Metric, Option } from "effect"
import type { CreateSession } from "./CreateSession.ts"
import { DeviceEnricher, type EnrichmentError } from "./DeviceEnricher.ts"
import { LocationEnricher } from "./LocationEnricher.ts"
import { enrichmentFailures } from "./SessionMetrics.ts"

const timeout = Duration.millis(250)

/**
 * The enricher's answer; absent when it fails, defects or takes longer than 250 ms, which is logged and counted. It runs
 * apart, so that one that cannot be interrupted holds up no login.
 */
const orAbsent = <A, R>(enricher: string, answer: Effect.Effect<Option.Option<A>, EnrichmentError, R>) =>
  Effect.forkDetach(answer, { startImmediately: true }).pipe(
    Effect.flatMap((fiber) =>
      Fiber.join(fiber).pipe(
        Effect.timeout(timeout),
        Effect.ensuring(Effect.sync(() => fiber.interruptUnsafe()))
      )
    ),
    Effect.catchCause((cause) =>
      Effect.logWarning(`The ${enricher} enricher gave no answer; the login goes on without it`, cause).pipe(
        Effect.andThen(Metric.update(Metric.withAttributes(enrichmentFailures, { enricher }), 1)),
        Effect.as(Option.none<A>())
      )
    )
  )

/** Asks both enrichers once, with what the client sent; what is missing reaches them as an empty string. */
export const enrich = Effect.fnUntraced(function*(command: CreateSession) {
  const devices = yield* DeviceEnricher
  const locations = yield* LocationEnricher
  const userAgent = Option.getOrElse(command.userAgent, () => "")
  const ipAddress = Option.getOrElse(command.ipAddress, () => "")
  return yield* Effect.all({
    device: orAbsent("device", Effect.suspend(() => devices.enrich(userAgent, command.clientHints))),
    location: orAbsent("location", Effect.suspend(() => locations.enrich(ipAddress)))
  }, { concurrency: 2 })
})
