/** Traces a statement that is sent for several callers at once. */
import { Context, Effect, Tracer } from "effect"

/** What the caller traces; the work for them is done by another fiber. */
export const callerSpan = (context: Context.Context<never>): Tracer.AnySpan | undefined =>
  Context.getOrUndefined(context, Tracer.ParentSpan)

/**
 * A span for work on `size` things, within the trace of the first caller and linked to the spans of the others, as
 * OpenTelemetry says of batches. Without a traced caller it begins a trace.
 */
export const withBatchSpan = (
  name: string,
  size: number,
  [parent, ...others]: ReadonlyArray<Tracer.AnySpan>
): <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, Tracer.ParentSpan>> =>
  Effect.withSpan(name, {
    parent,
    root: parent === undefined,
    links: others.map((span) => ({ span, attributes: {} })),
    attributes: { "sojourn.batch.size": size }
    // Where it was started is always here.
  }, { captureStackTrace: false })
