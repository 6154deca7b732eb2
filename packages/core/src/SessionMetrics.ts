/** What Sojourn counts. Exporters are the application's choice. */
import { Metric } from "effect"
import { EndReason } from "./SessionEnd.ts"

/** Logins that went in. */
export const sessionsCreated = Metric.counter("sojourn_sessions_created_total", {
  description: "Sessions created",
  incremental: true
})

/** Sessions ended, by `reason`. */
export const sessionsEnded = Metric.counter("sojourn_sessions_ended_total", {
  description: "Sessions ended, by reason",
  incremental: true
})

/** `sessionsEnded` of each reason, made once: to make it takes ten times as long as to count with it. */
export const sessionsEndedFor: ReadonlyMap<EndReason, typeof sessionsEnded> = new Map(
  EndReason.literals.map((reason) => [reason, Metric.withAttributes(sessionsEnded, { reason })])
)

/** How a validation ended: `valid`, or why not: the reason of `SessionNotActive`, a bad token, or no answer of the store. */
export type ValidationResult = "valid" | EndReason | "invalid_token" | "store_error"

/** Who answered a validation: the cache in front, the `SessionCache` that it stands before (or stands alone), the store. */
export type AnsweredBy = "front" | "cache" | "store"

/** Validations that were answered, by `result` and by whom they were `answered_by`. */
export const validations = (result: ValidationResult, answeredBy: AnsweredBy): Metric.Counter<number> =>
  Metric.counter("sojourn_validations_total", {
    description: "Validations of tokens, by result and by where they were answered",
    incremental: true,
    attributes: { result, answered_by: answeredBy }
  })

/** How many sessions a statement read for those who missed them in the cache. */
export const lookupBatchSize = Metric.histogram("sojourn_lookup_batch_size", {
  description: "Sessions read in one statement for validations that no cache answered",
  boundaries: [1, 2, 4, 8, 16, 32, 64, 128, 256]
})

/** Publications to the bus inside the process that failed. */
export const busErrors = Metric.counter("sojourn_bus_errors_total", {
  description: "Publications that the event bus failed, or did not take in time",
  incremental: true
})

/** Seconds from the end of a session in one process until another one knew of it. */
export const revocationLag = Metric.histogram("sojourn_revocation_lag_seconds", {
  description: "From the end of a session until another process knew of it",
  attributes: { unit: "seconds" },
  boundaries: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60]
})

/** Enrichments that failed, defected or timed out, by `enricher` (`device` or `location`). */
export const enrichmentFailures = Metric.counter("sojourn_enrichment_failures_total", {
  description: "Enrichments that gave no answer because of a failure",
  incremental: true
})

/** Cache writes that failed. */
export const cacheErrors = Metric.counter("sojourn_cache_errors_total", {
  description: "Cache writes that failed",
  incremental: true
})

/** Events that a relay has delivered, by `relay`. */
export const relayDelivered = Metric.counter("sojourn_relay_delivered_total", {
  description: "Events delivered, by relay",
  incremental: true
})

/** Deliveries that failed and were tried again, by `relay`. */
export const relayRetries = Metric.counter("sojourn_relay_retries_total", {
  description: "Deliveries that failed, by relay",
  incremental: true
})

/** Events that a relay has set aside, by `relay`. */
export const relaySetAside = Metric.counter("sojourn_relay_set_aside_total", {
  description: "Events that were rejected time and again and set aside, by relay",
  incremental: true
})

/** How many positions of the log a relay is behind, by `relay`; told by the process that runs it. */
export const relayBehind = Metric.gauge("sojourn_relay_behind", {
  description: "Positions of the event log that a relay has not delivered yet"
})
