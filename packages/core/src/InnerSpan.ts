/** Spans on the path of every login and validation. */
import { Effect, Tracer } from "effect"

/**
 * As `Effect.withSpan`, but errors are not told from where it was called, which is always the same place. With that a span
 * costs half as much again, and what it needs for that outlives the login, to be collected as garbage with all that hangs on it.
 */
export const withInnerSpan = (name: string, options: Tracer.SpanOptionsNoTrace = {}) =>
<A, E, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Tracer.ParentSpan>> =>
  Effect.useSpan(name, options, (span) => Effect.provideService(self, Tracer.ParentSpan, span))
