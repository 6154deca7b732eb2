/** Spans on the path of every login and validation. */
import { Context, Effect, Tracer } from "effect"

/** Without a tracer of the application's nobody could see a span, and two of them are a tenth of a login's cost. */
const isTraced = (context: Context.Context<never>): boolean =>
  Context.get(context, Tracer.Tracer) !== Tracer.nativeTracer

/** What the caller traces, if anybody can see it. */
export const callerSpan = (context: Context.Context<never>): Tracer.AnySpan | undefined =>
  isTraced(context) ? Context.getOrUndefined(context, Tracer.ParentSpan) : undefined

/** As `Effect.useSpan`, with no span where the application has no tracer, and with what the caller provides. */
export const useInnerSpan = <A, E, R>(
  name: string,
  options: Tracer.SpanOptionsNoTrace,
  use: (span: Tracer.Span | undefined, context: Context.Context<never>) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.contextWith((context: Context.Context<never>) =>
    isTraced(context) ? Effect.useSpan(name, options, (span) => use(span, context)) : use(undefined, context)
  )

/** What is done within this span, if there is one. */
export const withinSpan =
  (span: Tracer.Span | undefined) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    span === undefined ? self : Effect.provideService(self, Tracer.ParentSpan, span)

/**
 * As `Effect.withSpan`, with no span where the application has no tracer, and errors are not told from where it was called,
 * which is always the same place. With that a span costs half as much again, and what it needs for that outlives the
 * login, to be collected as garbage with all that hangs on it.
 */
export const withInnerSpan =
  (name: string, options: Tracer.SpanOptionsNoTrace = {}) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    useInnerSpan(name, options, (span) => withinSpan(span)(self))
