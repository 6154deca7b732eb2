import { assert, describe, it } from "@effect/vitest"
import {
  CacheInvalidations,
  CreateSession,
  createSession,
  CredentialRepo,
  FrontCache,
  lookupBatchSize,
  RevokeSession,
  revokeSession,
  rotateSession,
  SessionLookup,
  SessionRepoError,
  type SessionToken,
  StalenessBound,
  system,
  validateSession
} from "@sojourn/core"
import { Effect, Layer, Metric, Option, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { logIn, sojourn, userId } from "./alice.ts"
import { recorded } from "./recorded.ts"

const restarted = Effect.provide(Layer.fresh(SessionLookup.layer))
const storeAway = Effect.provide(
  Layer.provideMerge(
    Layer.fresh(SessionLookup.layer),
    Layer.effect(
      CredentialRepo,
      Effect.map(CredentialRepo, (repo) => ({
        ...repo,
        find: () =>
          Effect.fail(
            new SessionRepoError({ operation: "find", reason: "Unavailable", message: "away", cause: "test" })
          )
      }))
    )
  )
)
const front = FrontCache.layer().pipe(
  Layer.provide(Layer.succeed(CacheInvalidations, {
    invalidations: Stream.concat(Stream.succeed({ _tag: "Listening" } as const), Stream.never)
  }))
)

const wrong = (token: SessionToken) => Redacted.make(`${Redacted.value(token).slice(0, -2)}AA`)
const passed = Effect.flatMap(StalenessBound, (bound) => TestClock.adjust(bound))

/** What was validated, as `result answered_by`. */
const validated = Effect.fnUntraced(function*<A, E, R>(effect: Effect.Effect<A, E, R>) {
  const registry: Metric.MetricRegistry = new Map()
  const exit = yield* Effect.exit(Effect.provideService(effect, Metric.MetricRegistry, registry))
  const snapshot = yield* Metric.snapshot.pipe(Effect.provideService(Metric.MetricRegistry, registry))
  const counts = snapshot.flatMap((metric) =>
    metric.id === "sojourn_validations_total" && metric.type === "Counter"
      ? [[Object.values(metric.attributes ?? {}).join(" "), metric.state.count] as const]
      : []
  )
  return { exit, counts: Object.fromEntries(counts) }
})

describe("sojourn_validations_total", () => {
  it.effect("a session is answered by the cache, after the staleness bound by the store, and then by the cache", () =>
    Effect.gen(function*() {
      const { counts, exit } = yield* validated(Effect.gen(function*() {
        const { token } = yield* logIn
        yield* Effect.replicateEffect(validateSession(token), 2)
        yield* passed
        yield* Effect.replicateEffect(validateSession(token), 3)
      }))
      yield* exit
      assert.deepStrictEqual(counts, { "valid cache": 4, "valid store": 1 })
    }).pipe(Effect.provide(sojourn)))

  it.effect("what the front cache keeps is answered by it, and what it asks the shared one for by that", () =>
    Effect.gen(function*() {
      const { counts, exit } = yield* validated(
        Effect.gen(function*() {
          yield* TestClock.adjust("1 second")
          const { token } = yield* logIn
          yield* Effect.replicateEffect(validateSession(token), 3)
          yield* TestClock.adjust("5 seconds")
          yield* Effect.replicateEffect(validateSession(token), 2)
          yield* passed
          yield* Effect.replicateEffect(validateSession(token), 2)
        }).pipe(Effect.provide(front))
      )
      yield* exit
      assert.deepStrictEqual(counts, { "valid front": 5, "valid cache": 1, "valid store": 1 })
    }).pipe(Effect.provide(sojourn)))

  it.effect("a refusal is counted by its reason, once", () =>
    Effect.gen(function*() {
      const { counts, exit } = yield* validated(Effect.gen(function*() {
        const [revoked, stolen, old] = yield* Effect.all([logIn, logIn, logIn])
        yield* revokeSession(RevokeSession.make({ sessionId: revoked.sessionId, actor: system }))
        yield* rotateSession(yield* rotateSession(stolen.token))
        for (const token of [revoked.token, stolen.token, wrong(old.token), Redacted.make("garbage")]) {
          yield* Effect.flip(validateSession(token))
        }
        yield* passed
        yield* Effect.flip(validateSession(old.token)).pipe(storeAway)
        yield* TestClock.adjust("30 days")
        yield* Effect.flip(validateSession(old.token))
      }))
      yield* exit
      assert.deepStrictEqual(counts, {
        "logout store": 1,
        "rotation_reuse store": 1,
        "invalid_token store": 2,
        "store_error store": 1,
        "expired store": 1
      })
    }).pipe(Effect.provide(sojourn)))
})

/** What the span of a validation says. */
const attributes = (token: SessionToken) =>
  Effect.map(recorded(validateSession(token)), ({ spans }) => [...spans[0]!.attributes])

describe("sojourn.validateSession", () => {
  it.effect("an answer of a cache makes no span; one of the store does, with who it is", () =>
    Effect.gen(function*() {
      const { sessionId, token } = yield* logIn
      const hit = yield* recorded(validateSession(token))
      assert.deepStrictEqual(hit.spans.map(({ name }) => name), [])
      yield* passed
      const { spans } = yield* recorded(restarted(validateSession(token)))
      const [validation, lookup] = spans
      assert.deepStrictEqual(spans.map(({ name }) => name), ["sojourn.validateSession", "sojourn.lookup"])
      assert.deepStrictEqual([...validation!.attributes], [["session.id", sessionId], ["user.id", userId]])
      assert.strictEqual(Option.getOrThrow(lookup!.parent).spanId, validation!.spanId)
      assert.deepStrictEqual([...lookup!.attributes], [["sojourn.batch.size", 1]])
    }).pipe(Effect.provide(sojourn)))

  it.effect("a refusal names its error; a token that is garbage names no session", () =>
    Effect.gen(function*() {
      const { sessionId, token } = yield* logIn
      assert.deepStrictEqual(yield* attributes(Redacted.make("garbage")), [["error.type", "InvalidSessionToken"]])
      assert.deepStrictEqual(yield* attributes(wrong(token)), [
        ["session.id", sessionId],
        ["error.type", "InvalidSessionToken"]
      ])
    }).pipe(Effect.provide(sojourn)))

  it.effect("the statement that many wait for belongs to the first and is linked to all others", () =>
    Effect.gen(function*() {
      const { token } = yield* logIn
      const { token: other } = yield* createSession(CreateSession.make({ userId }))
      yield* passed
      const { counters, spans } = yield* recorded(restarted(Effect.all(
        [token, token, other].map((each) => validateSession(each)),
        { concurrency: "unbounded" }
      )))
      const validations = spans.filter(({ name }) => name === "sojourn.validateSession")
      const lookups = spans.filter(({ name }) => name === "sojourn.lookup")
      assert.strictEqual(validations.length, 3)
      const parents = lookups.map(({ parent }) => Option.getOrThrow(parent).spanId)
      const linked = lookups.flatMap(({ links }) => links.map(({ span }) => span.spanId))
      assert.sameMembers([...parents, ...linked], validations.map(({ spanId }) => spanId))
      assert.isAtLeast(linked.length, 1)
      assert.include(counters, lookupBatchSize.id)
    }).pipe(Effect.provide(sojourn)))
})
