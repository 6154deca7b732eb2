/** What a collector and Prometheus see of a login on the real servers. */
import { NodeHttpServer } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { validations } from "@sojourn/core"
import { Effect, Layer, Metric, Option, Redacted, Schedule } from "effect"
import { FetchHttpClient, HttpRouter } from "effect/http"
import { Otlp, PrometheusMetrics } from "effect/observability"
import { createServer } from "node:http"
import {
  CreateSession,
  createSession,
  CredentialRepo,
  putUser,
  RevokeSession,
  revokeSession,
  rotateSession,
  type SessionToken,
  Sojourn,
  system,
  Tier,
  User,
  UserId,
  validateSession
} from "sojourn"
import {
  describeRedis,
  freePort,
  freshDatabase,
  freshRedisPrefix,
  postgresUrl,
  redisUrl
} from "../../testing/test/servers.ts"
import { attributesOf, collector, type Span } from "./ObservabilityCollector.ts"
import { parseExposition } from "./ObservabilityExposition.ts"
import { names, table } from "./ObservabilityPage.ts"

const userId = UserId.make("alice")
const ipAddress = "203.0.113.77"
const userAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
const command = CreateSession.make({
  userId,
  ipAddress: Option.some(ipAddress),
  userAgent: Option.some(userAgent)
})

const app = Effect.gen(function*() {
  const databaseUrl = yield* freshDatabase
  const redisPrefix = yield* freshRedisPrefix
  return Sojourn.layer({
    databaseUrl,
    redisUrl: Redacted.make(redisUrl!),
    redisPrefix,
    migrate: true,
    sweepEvery: "never"
  })
})

/** Metrics of this test's own. */
const counting = Layer.sync(Metric.MetricRegistry, () => new Map())

const wrong = (token: Redacted.Redacted<string>) => Redacted.make(`${Redacted.value(token).slice(0, -2)}AA`)

/** Waits, unseen and uncounted, until the front cache keeps a session, which it does once it hears of endings. */
const untilInFront = (token: SessionToken) =>
  validateSession(token).pipe(
    Effect.andThen(Metric.value(validations("valid", "front"))),
    Effect.repeat({ until: ({ count }) => count > 0, schedule: Schedule.spaced("10 millis"), times: 1000 }),
    Effect.withTracerEnabled(false),
    Effect.provideService(Metric.MetricRegistry, new Map())
  )

/** Signs in twice, is validated by all that can, is rotated and signed out; gives the tokens that there were. */
const life = Effect.gen(function*() {
  yield* putUser(User.make({ id: userId, tier: Tier.make("pro") }))
  const first = yield* createSession(command).pipe(Effect.withSpan("POST /login", { kind: "server" }))
  yield* untilInFront(first.token)
  const { session, token } = { ...yield* createSession(command), session: first.sessionId }
  yield* Effect.replicateEffect(validateSession(token), 2)
  yield* validateSession(first.token).pipe(Effect.withSpan("GET /account", { kind: "server" }))
  const rotated = yield* rotateSession(first.token)
  const garbage = Effect.flip(validateSession(Redacted.make("garbage")))
  yield* Effect.all([Effect.flip(validateSession(wrong(token))), garbage])
  yield* garbage.pipe(Effect.withSpan("GET /garbage", { kind: "server" }))
  yield* revokeSession(RevokeSession.make({ sessionId: session, actor: system }))
  yield* Effect.flip(validateSession(rotated)).pipe(Effect.withSpan("GET /refused", { kind: "server" }))
  yield* Effect.logInfo("The life is over")
  const [credential] = yield* (yield* CredentialRepo).find([session])
  return {
    session,
    secrets: [first.token, token, rotated].map((each) => Redacted.value(each).split(".")[1]!),
    hashes: [credential!.secretHash, ...Option.toArray(Option.map(credential!.previous, ({ hash }) => hash))]
  }
})

/** Five logins at once, as five requests. */
const crowd = Effect.gen(function*() {
  const bob = UserId.make("bob")
  yield* putUser(User.make({ id: bob, maxSessions: Option.some("unlimited") }))
  const logIn = createSession(CreateSession.make({ userId: bob })).pipe(Effect.withSpan("POST /crowd", { root: true }))
  yield* Effect.replicateEffect(logIn, 5, { concurrency: "unbounded", discard: true })
})

describeRedis("observability", () => {
  it.live(
    "a collector gets the spans of a login as one tree, its metrics, and nothing that is secret",
    () =>
      Effect.gen(function*() {
        const { bodies, metrics, refused, services, spans, url } = yield* collector
        const Telemetry = Otlp.layerJson({ baseUrl: url, resource: { serviceName: "shop" } }).pipe(
          Layer.provide(FetchHttpClient.layer)
        )
        const { hashes, secrets, session } = yield* Effect.tap(life, crowd).pipe(
          Effect.provide(Layer.provideMerge(yield* app, Layer.provideMerge(Telemetry, counting)))
        )

        assert.deepStrictEqual(refused, [])
        assert.deepStrictEqual([...services], ["shop"])
        const byId = new Map(spans.map((span) => [span.spanId, span]))
        const parentOf = ({ parentSpanId, traceId }: Span) => {
          if (parentSpanId === undefined) return undefined
          const parent = byId.get(parentSpanId)
          assert.strictEqual(parent?.traceId, traceId, "the parent was sent, and is of the same trace")
          return parent
        }
        const path = (span: Span | undefined): ReadonlyArray<string> =>
          span === undefined ? [] : [...path(parentOf(span)), span.name]
        const within = (root: string) => spans.filter((span) => path(span)[0] === root)
        for (const span of spans) path(span)

        const login = within("POST /login")
        const admit = login.find((span) => String(attributesOf(span)["db.query.text"]).includes("admit"))
        assert.deepStrictEqual(path(admit).slice(0, -1), [
          "POST /login",
          "sojourn.createSession",
          "SessionRepo.admit",
          "sojourn.admit"
        ])
        assert.strictEqual(admit?.kind, 3)
        assert.deepInclude(attributesOf(admit!), {
          "db.system.name": "postgresql",
          "server.address": new URL(postgresUrl).hostname,
          "server.port": Number(new URL(postgresUrl).port || 5432)
        })
        assert.match(String(attributesOf(admit!)["db.namespace"]), /^sojourn_test_/)
        const created = login.find(({ name }) => name === "sojourn.createSession")
        assert.deepInclude(attributesOf(created!), { "user.id": "alice", "session.id": session })
        const put = login.find(({ name }) => name.startsWith("EVALSHA"))
        assert.deepStrictEqual(path(put), ["POST /login", "sojourn.createSession", "EVALSHA put"])
        assert.strictEqual(put?.kind, 3)
        const { hostname, port } = new URL(redisUrl!)
        assert.deepStrictEqual(attributesOf(put!), {
          "db.system.name": "redis",
          "db.namespace": "0",
          "db.operation.name": "EVALSHA",
          "db.stored_procedure.name": "put",
          "server.address": hostname,
          "server.port": Number(port || 6379)
        })

        const admissions = spans.filter(({ name, parentSpanId }) =>
          name === "SessionRepo.admit" && byId.get(byId.get(parentSpanId!)!.parentSpanId!)?.name === "POST /crowd"
        )
        const statements = spans.filter(({ name }) => name === "sojourn.admit")
        const linked = statements.flatMap(({ links }) => links.map(({ spanId }) => spanId))
        assert.strictEqual(admissions.length, 5)
        assert.isAtLeast(linked.length, 1, "some went together")
        for (const { spanId } of admissions) {
          assert.isTrue(linked.includes(spanId) || statements.some(({ parentSpanId }) => parentSpanId === spanId))
        }

        const refusal = within("GET /refused")
        const paths = refusal.map((span) => path(span).slice(1).join(" > "))
        assert.includeMembers(paths, [
          "sojourn.validateSession",
          "sojourn.validateSession > sojourn.lookup",
          "sojourn.validateSession > sojourn.lookup > CredentialRepo.find"
        ])
        const validation = refusal.find(({ name }) => name === "sojourn.validateSession")
        assert.deepStrictEqual(attributesOf(validation!), { "session.id": session, "error.type": "SessionNotActive" })
        assert.strictEqual(validation!.status.code, 2)

        const reads = spans.filter(({ name }) => name === "GET")
        assert.includeDeepMembers(reads.map(path), [["GET /garbage", "GET"]])
        assert.isTrue(
          reads.every(({ parentSpanId }) => parentSpanId !== undefined),
          "on its own it is not worth a trace"
        )

        const valueOf = (name: string, labels: Record<string, string> = {}) =>
          metrics.get(name)?.sum?.dataPoints.find((point) =>
            Object.entries(labels).every(([label, value]) => attributesOf(point)[label] === value)
          )?.asDouble
        assert.strictEqual(valueOf("sojourn_sessions_created_total"), 7)
        assert.strictEqual(valueOf("sojourn_sessions_ended_total", { reason: "logout" }), 1)
        const validated = (result: string, answered_by: string) =>
          valueOf("sojourn_validations_total", { result, answered_by })
        assert.isAtLeast(validated("valid", "front") ?? 0, 2)
        const places = ["front", "cache", "store"].map((place) => validated("valid", place) ?? 0)
        assert.strictEqual(places.reduce((sum, each) => sum + each), 3)
        assert.strictEqual(validated("logout", "store"), 1)
        assert.strictEqual(validated("invalid_token", "store"), 3)
        const [batches] = metrics.get("sojourn_admission_batch_size")!.histogram!.dataPoints
        assert.deepStrictEqual([batches?.count, batches?.sum], [statements.length, 7])
        assert.strictEqual(batches?.bucketCounts.length, batches!.explicitBounds.length + 1)
        assert.strictEqual(batches!.bucketCounts.reduce((sum, each) => sum + each), batches!.count)
        assert.strictEqual(metrics.get("sojourn_cache_circuit_open")?.gauge?.dataPoints[0]?.asDouble, 0)
        for (const { description, name } of metrics.values()) {
          if (name.startsWith("sojourn_")) assert.isAbove(description?.length ?? 0, 10, name)
        }

        const sent = bodies.join("\n")
        assert.include(sent, "The life is over", "logs were sent")
        for (const secret of [...secrets, ...hashes, ipAddress, userAgent]) assert.notInclude(sent, secret)
      }).pipe(Effect.scoped),
    30_000
  )

  it.live("Prometheus can read every line of a scrape", () =>
    Effect.gen(function*() {
      const port = yield* freePort
      const Metrics = HttpRouter.serve(PrometheusMetrics.layerHttp(), { disableListenLog: true, disableLogger: true })
        .pipe(
          Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port }))
        )
      const scraped = yield* Effect.gen(function*() {
        yield* life
        const response = yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}/metrics`))
        assert.include(response.headers.get("content-type"), "version=0.0.4")
        return yield* Effect.promise(() => response.text())
      }).pipe(Effect.provide(Layer.provideMerge(Layer.merge(yield* app, Metrics), counting)))

      const families = parseExposition(scraped)
      const created = families.get("sojourn_sessions_created_total")
      assert.deepInclude({ ...created }, { type: "counter", help: "Sessions created" })
      assert.deepStrictEqual([...created!.samples], [["sojourn_sessions_created_total", 2]])
      const validations = families.get("sojourn_validations_total")!.samples
      assert.strictEqual(
        validations.get("sojourn_validations_total{result=\"invalid_token\",answered_by=\"store\"}"),
        3
      )
      const batches = families.get("sojourn_admission_batch_size")
      assert.strictEqual(batches?.type, "histogram")
      assert.strictEqual(batches?.samples.get("sojourn_admission_batch_size_bucket{le=\"1\"}"), 2)
      const documented = new Map(table("metric").map(([name, , labels]) => [names(name!)[0], names(labels!)]))
      for (const { name, samples } of families.values()) {
        if (!name.startsWith("sojourn_")) continue
        const labels = [...samples.keys()].flatMap((series) =>
          [...series.matchAll(/(\w+)="/g)].map(([, label]) => label!)
        )
        assert.includeMembers(["le", ...documented.get(name) ?? []], labels, name)
      }
      assert.deepStrictEqual(
        [...families.values()].filter(({ help, name }) => name.startsWith("sojourn_") && help === ""),
        []
      )
    }).pipe(Effect.scoped), 30_000)
})
