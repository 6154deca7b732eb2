/** Traces a statement that is sent for several callers at once. */
import type { Effect, Tracer } from "effect"
import { withInnerSpan } from "./InnerSpan.ts"

/** What those trace who wait. */
export const spansOf = (
  all: ReadonlyArray<{ readonly span: Tracer.AnySpan | undefined }>
): ReadonlyArray<Tracer.AnySpan> => all.flatMap(({ span }) => span === undefined ? [] : [span])

const noAttributes = {}

/**
 * A class, not a literal: V8 allocates literals whose objects survived early collections as long-lived, and
 * old ones keep what they hold, all that a login made, until all garbage is collected.
 */
class Link implements Tracer.SpanLink {
  readonly span: Tracer.AnySpan
  readonly attributes = noAttributes

  constructor(span: Tracer.AnySpan) {
    this.span = span
  }
}

/** Links to the spans of others for whom something is done, too. */
export const linksTo = (spans: ReadonlyArray<Tracer.AnySpan>): Array<Tracer.SpanLink> =>
  spans.map((span) => new Link(span))

/**
 * A span for work on `size` things, within the trace of the first caller and linked to the spans of the others, as
 * OpenTelemetry says of batches. Without a traced caller it begins a trace.
 */
export const withBatchSpan = (
  name: string,
  size: number,
  [parent, ...others]: ReadonlyArray<Tracer.AnySpan>
): <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> =>
  withInnerSpan(name, {
    parent,
    root: parent === undefined,
    links: linksTo(others),
    attributes: { "sojourn.batch.size": size }
  })
