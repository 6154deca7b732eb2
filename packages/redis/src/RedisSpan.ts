/** Spans of calls to Redis, named as OpenTelemetry's conventions for its clients say. */
import { linksTo } from "@sojourn/core/BatchSpan"
import { callerSpan } from "@sojourn/core/InnerSpan"
import { type Context, Effect, type Tracer } from "effect"
import { Cluster, type Redis } from "ioredis"
import type { RedisFailure } from "./RedisFailure.ts"

/** Which of its nodes a Cluster asks, and which server Sentinel names, is not known beforehand. */
const server = (client: Redis | Cluster): Record<string, string | number> => {
  if (client instanceof Cluster || client.options.sentinels) return {}
  const { db = 0, host = "localhost", path, port = 6379 } = client.options
  return {
    "db.namespace": String(db),
    ...(path === undefined || path === null
      ? { "server.address": host, "server.port": port }
      : { "server.address": path })
  }
}

/**
 * Traces a command, and the script that it runs, within what the caller traces; one for several callers within what the
 * first of them traces, linked to the others'. Without a span around it there is none: it would cost a cached validation
 * more than it tells.
 */
export const make = (client: Redis | Cluster) => {
  const shared = { "db.system.name": "redis", ...server(client) }
  return (command: string, script?: string) => {
    const name = script === undefined ? command : `${command} ${script}`
    const attributes = {
      ...shared,
      "db.operation.name": command,
      ...(script === undefined ? {} : { "db.stored_procedure.name": script })
    }
    // Not the parent of anything: a call makes no span, and to provide one costs as much as to make it.
    const traced = <A>(call: Effect.Effect<A, RedisFailure>, [parent, ...others]: ReadonlyArray<Tracer.AnySpan>) =>
      Effect.useSpan(
        name,
        {
          kind: "client",
          attributes: others.length === 0
            ? attributes
            : { ...attributes, "db.operation.batch.size": others.length + 1 },
          links: linksTo(others),
          parent
        },
        (span) => Effect.tapError(call, ({ _tag }) => Effect.sync(() => span.attribute("error.type", _tag)))
      )
    const within = <A>(call: Effect.Effect<A, RedisFailure>, callers: ReadonlyArray<Tracer.AnySpan>) =>
      callers.length === 0 ? call : traced(call, callers)
    return <A>(
      call: Effect.Effect<A, RedisFailure>,
      callers?: ReadonlyArray<Tracer.AnySpan>
    ): Effect.Effect<A, RedisFailure> =>
      callers !== undefined ? within(call, callers) : Effect.contextWith((context: Context.Context<never>) => {
        const caller = callerSpan(context)
        return caller === undefined ? call : traced(call, [caller])
      })
  }
}
