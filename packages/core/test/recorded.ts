import { Cause, Effect, Logger, Metric, References, Tracer } from "effect"
import { inspect } from "node:util"
import { recordingTracer } from "../../testing/test/tracer.ts"

/** Runs an effect with loggers, tracer and metrics of its own; gives what it did, logged, traced and counted. */
export const recorded = Effect.fnUntraced(function*<A, E, R>(effect: Effect.Effect<A, E, R>) {
  const logs: Array<string> = []
  const { spans, tracer } = recordingTracer()
  const registry: Metric.MetricRegistry = new Map()
  const logger = Logger.make(({ cause, logLevel, message }) => {
    logs.push(
      [
        logLevel,
        ...[message].flat().map((part) => typeof part === "string" ? part : inspect(part)),
        Cause.pretty(cause)
      ].join(" ")
    )
  })
  const exit = yield* Effect.exit(effect).pipe(
    Effect.provideService(Logger.CurrentLoggers, new Set([logger])),
    Effect.provideService(References.MinimumLogLevel, "All"),
    Effect.provideService(Tracer.Tracer, tracer),
    Effect.provideService(Metric.MetricRegistry, registry)
  )
  const metrics = yield* Metric.snapshot.pipe(Effect.provideService(Metric.MetricRegistry, registry))
  /** How often, over all attributes besides these. */
  const counted = (metric: Metric.Counter<number>, attributes: Record<string, string> = {}): number =>
    metrics.reduce((sum, snapshot) =>
      snapshot.type === "Counter" && snapshot.id === metric.id &&
        Object.entries(attributes).every(([name, value]) => snapshot.attributes?.[name] === value)
        ? sum + Number(snapshot.state.count)
        : sum, 0)
  const labels = metrics.flatMap(({ attributes }) => Object.values(attributes ?? {}))
  return { exit, logs, spans, counted, counters: metrics.map(({ id }) => id), labels }
})
