/** A collector of OTLP/HTTP in JSON that keeps what it is sent, and refuses what the protocol does not allow. */
import { Effect, Schema } from "effect"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"

const hex = (digits: number) => Schema.String.check(Schema.isPattern(new RegExp(`^(?!0+$)[0-9a-f]{${digits}}$`)))
const nanos = Schema.String.check(Schema.isPattern(/^[1-9]\d{17,19}$/))
const scalar = Schema.Union([
  Schema.Struct({ stringValue: Schema.String }),
  Schema.Struct({ boolValue: Schema.Boolean }),
  Schema.Struct({ intValue: Schema.Union([Schema.Int, Schema.String]) }),
  Schema.Struct({ doubleValue: Schema.Finite })
])
const value = Schema.Union([
  scalar,
  Schema.Struct({ arrayValue: Schema.Struct({ values: Schema.Array(scalar) }) })
])
const attributes = Schema.Array(Schema.Struct({ key: Schema.NonEmptyString, value }))
const resource = Schema.Struct({ attributes })
const scope = Schema.Struct({ name: Schema.NonEmptyString })

const Span = Schema.Struct({
  traceId: hex(32),
  spanId: hex(16),
  parentSpanId: Schema.optional(hex(16)),
  name: Schema.NonEmptyString,
  kind: Schema.Literals([1, 2, 3, 4, 5]),
  startTimeUnixNano: nanos,
  endTimeUnixNano: nanos,
  attributes,
  links: Schema.Array(Schema.Struct({ traceId: hex(32), spanId: hex(16) })),
  status: Schema.Struct({ code: Schema.Literals([0, 1, 2]) })
})
export type Span = typeof Span.Type

const point = { attributes, timeUnixNano: nanos, startTimeUnixNano: nanos }
const number = Schema.Struct({
  ...point,
  asDouble: Schema.optional(Schema.Finite),
  asInt: Schema.optional(Schema.Union([Schema.Int, Schema.String]))
})
const Metric = Schema.Struct({
  name: Schema.NonEmptyString,
  description: Schema.optional(Schema.String),
  unit: Schema.String,
  sum: Schema.optional(Schema.Struct({
    aggregationTemporality: Schema.Literals([1, 2]),
    isMonotonic: Schema.Boolean,
    dataPoints: Schema.NonEmptyArray(number)
  })),
  gauge: Schema.optional(Schema.Struct({ dataPoints: Schema.NonEmptyArray(number) })),
  histogram: Schema.optional(Schema.Struct({
    aggregationTemporality: Schema.Literals([1, 2]),
    dataPoints: Schema.NonEmptyArray(Schema.Struct({
      ...point,
      count: Schema.Int,
      sum: Schema.Finite,
      explicitBounds: Schema.Array(Schema.Finite),
      bucketCounts: Schema.Array(Schema.Int)
    }))
  }))
})
export type Metric = typeof Metric.Type

const Traces = Schema.Struct({
  resourceSpans: Schema.Array(Schema.Struct({
    resource,
    scopeSpans: Schema.Array(Schema.Struct({ scope, spans: Schema.Array(Span) }))
  }))
})
const Metrics = Schema.Struct({
  resourceMetrics: Schema.Array(Schema.Struct({
    resource,
    scopeMetrics: Schema.Array(Schema.Struct({ scope, metrics: Schema.Array(Metric) }))
  }))
})
const Logs = Schema.Struct({
  resourceLogs: Schema.Array(Schema.Struct({ resource, scopeLogs: Schema.Array(Schema.Unknown) }))
})

const bodyOf = async (request: IncomingMessage) => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

export const attributesOf = (holder: Pick<Span, "attributes">): Record<string, unknown> =>
  Object.fromEntries(holder.attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

/** Listens until the scope closes. `spans` and `metrics` (of the latest export) are what was understood, `bodies` all. */
export const collector = Effect.acquireRelease(
  Effect.callback<{
    readonly url: string
    readonly services: Set<unknown>
    readonly spans: Array<Span>
    readonly metrics: Map<string, Metric>
    readonly bodies: Array<string>
    readonly refused: Array<string>
    readonly close: () => void
  }>((resume) => {
    const services = new Set<unknown>()
    const spans: Array<Span> = []
    const metrics = new Map<string, Metric>()
    const bodies: Array<string> = []
    const refused: Array<string> = []
    const take = (path: string | undefined, body: unknown) => {
      if (path === "/v1/traces") {
        for (const { resource, scopeSpans } of Schema.decodeUnknownSync(Traces)(body).resourceSpans) {
          services.add(attributesOf(resource)["service.name"])
          spans.push(...scopeSpans.flatMap((scope) => scope.spans))
        }
      } else if (path === "/v1/metrics") {
        for (const { resource, scopeMetrics } of Schema.decodeUnknownSync(Metrics)(body).resourceMetrics) {
          services.add(attributesOf(resource)["service.name"])
          for (const metric of scopeMetrics.flatMap((scope) => scope.metrics)) metrics.set(metric.name, metric)
        }
      } else if (path === "/v1/logs") Schema.decodeUnknownSync(Logs)(body)
      else throw new Error(`nothing is served at ${path}`)
    }
    const server = createServer((request, response) => {
      bodyOf(request).then((body) => {
        bodies.push(body)
        if (request.method !== "POST" || request.headers["content-type"] !== "application/json") {
          throw new Error(`${request.method} of ${request.headers["content-type"]}`)
        }
        take(request.url, JSON.parse(body))
        response.writeHead(200, { "content-type": "application/json" }).end("{}")
      }).catch((error: unknown) => {
        refused.push(String(error))
        response.writeHead(400).end()
      })
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      resume(Effect.succeed({
        url: `http://127.0.0.1:${port}`,
        services,
        spans,
        metrics,
        bodies,
        refused,
        close: () => server.close()
      }))
    })
  }),
  ({ close }) => Effect.sync(close)
)
