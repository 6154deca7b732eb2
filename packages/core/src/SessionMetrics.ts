/** What Sojourn counts. Exporters are the application's choice. */
import { Metric } from "effect"

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

/** Publications to the bus inside the process that failed. */
export const busErrors = Metric.counter("sojourn_bus_errors_total", {
  description: "Publications to the event bus that failed",
  incremental: true
})

/** Milliseconds from the end of a session in one process until another one knew of it. */
export const revocationLag = Metric.histogram("sojourn_revocation_lag_milliseconds", {
  description: "From the end of a session until another process knew of it",
  boundaries: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 60_000]
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
