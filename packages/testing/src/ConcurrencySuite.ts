/** What must hold of a `SessionRepo` while many change the sessions of one user at once. */
import { assert, it } from "@effect/vitest"
import { type EventLog, SessionRepo, SessionRules, type UserRepo } from "@sojourn/core"
import { Array, Duration, Effect, Layer, Option, Result } from "effect"
import { SecureRandom } from "effect/crypto"
import { now } from "./Fixtures.ts"
import {
  admit,
  byDefault,
  countOf,
  eventsOf,
  givenUser,
  live,
  passwordChanged,
  sessionsOf,
  setLimit
} from "./internal/given.ts"
import { assertToldOnce } from "./internal/told.ts"
import type { Options as SuiteOptions } from "./SessionRepoSuite.ts"

/** How the store is loaded. */
export interface Options extends SuiteOptions {
  /** How many log in at once. Default: 50 and 500. */
  readonly logins?: ReadonlyArray<number>
}

const atOnce = { concurrency: "unbounded" } as const

/** Registers the suite. Every case has users of its own, so the store may be shared and need not be empty. */
export const suite = (
  name: string,
  layer: Layer.Layer<SessionRepo | UserRepo | EventLog, unknown>,
  { logins = [50, 500], ...options }: Options = {}
): void =>
  it.layer(Layer.merge(layer, SecureRandom.layerWebCrypto), { ...options, excludeTestServices: true })(
    `SessionRepo under concurrency (${name})`,
    (it) => {
      it.effect.each(logins.flatMap((count) => [1, 5, 50].map((limit) => ({ count, limit }))))(
        "C14 $count concurrent logins at limit $limit: none fails and after every commit active ≤ limit",
        ({ count, limit }) =>
          Effect.gen(function*() {
            const { userId } = yield* givenUser(limit)
            const logIn = admit({ userId }).pipe(
              Effect.andThen(countOf(userId)),
              Effect.tap(({ active }) => Effect.sync(() => assert.isAtMost(active, limit)))
            )
            yield* Effect.replicateEffect(logIn, count, atOnce)
            assert.deepStrictEqual(yield* countOf(userId), { total: count, active: Math.min(count, limit) })
            assertToldOnce(yield* sessionsOf(userId), yield* eventsOf(userId, 2 * count - Math.min(count, limit)))
          }),
        60_000
      )

      it.effect("C14 the limit changes while 200 log in: once a lower one is enforced, it holds", () =>
        Effect.gen(function*() {
          const repo = yield* SessionRepo
          const { userId } = yield* givenUser(5)
          const changeLimit = Effect.fnUntraced(function*(limit: number) {
            yield* setLimit(userId, limit)
            yield* repo.enforceLimit(userId, byDefault, now)
            for (let look = 0; look < 5; look++) {
              assert.isAtMost((yield* countOf(userId)).active, limit)
              yield* Effect.yieldNow
            }
          })
          const changeLimits = Effect.forEach([3, 1, 5, 2, 4, 1, 3], changeLimit)
          const logIns = Effect.replicateEffect(admit({ userId }), 200, { concurrency: 20 })
          yield* Effect.all([changeLimits, logIns], atOnce)
          const { active, total } = yield* countOf(userId)
          assert.strictEqual(total, 200)
          assert.isAtMost(active, 3)
          assertToldOnce(yield* sessionsOf(userId), yield* eventsOf(userId, 400 - active))
        }), 60_000)

      it.effect("C14 many users at once do not disturb each other", () =>
        Effect.gen(function*() {
          const logIns = Effect.fnUntraced(function*(limit: number) {
            const { userId } = yield* givenUser(limit)
            yield* Effect.replicateEffect(admit({ userId }), 15, atOnce)
            assert.deepStrictEqual(yield* countOf(userId), { total: 15, active: Math.min(limit, 15) })
          })
          yield* Effect.forEach(Array.range(1, 20), logIns, atOnce)
        }), 60_000)

      it.effect("C17 of 50 concurrent logins at limit 5 under reject, 5 go in", () =>
        Effect.gen(function*() {
          const { userId } = yield* givenUser(5)
          const logIn = Effect.result(admit({ userId }, SessionRules.make({ atLimit: "reject" })))
          const refused = (yield* Effect.replicateEffect(logIn, 50, atOnce)).filter(Result.isFailure)
          assert.deepStrictEqual(
            refused.map(({ failure }) =>
              failure._tag
            ),
            Array.replicate("SessionLimitExceeded" as const, 45)
          )
          assert.deepStrictEqual(yield* countOf(userId), { total: 5, active: 5 })
          assertToldOnce(yield* sessionsOf(userId), yield* eventsOf(userId, 5))
        }), 60_000)

      it.effect("C19 of 50 concurrent logins at limit 5 that protects recent activity, 5 go in and stay", () =>
        Effect.gen(function*() {
          const { userId } = yield* givenUser(5)
          const rules = SessionRules.make({ protectActiveWithin: Option.some(Duration.hours(1)) })
          const logIn = Effect.result(admit({ userId }, rules))
          const refused = (yield* Effect.replicateEffect(logIn, 50, atOnce)).filter(Result.isFailure)
          assert.deepStrictEqual(
            refused.map(({ failure }) =>
              failure._tag
            ),
            Array.replicate("EvictionFailed" as const, 45)
          )
          assert.deepStrictEqual(yield* countOf(userId), { total: 5, active: 5 })
          assertToldOnce(yield* sessionsOf(userId), yield* eventsOf(userId, 5))
        }), 60_000)

      it.effect("R8 ended by four at once, each session has one end and one event", () =>
        Effect.gen(function*() {
          const repo = yield* SessionRepo
          const { userId } = yield* givenUser("unlimited", [live(3), live(2), live(1)])
          const endAll = repo.endAll(userId, Option.none(), passwordChanged)
          const ended = yield* Effect.replicateEffect(endAll, 4, atOnce)
          assert.strictEqual(
            ended.flatMap((each) =>
              each.ended
            ).length,
            3
          )
          assertToldOnce(yield* sessionsOf(userId), yield* eventsOf(userId, 7))
        }))

      it.effect("A7 of logins racing with the end of all, only those survive that came after it", () =>
        Effect.gen(function*() {
          const repo = yield* SessionRepo
          const { userId } = yield* givenUser("unlimited", [live(1)])
          const logIns = Effect.replicateEffect(admit({ userId }), 60, { concurrency: 10 })
          const endAll = Effect.andThen(Effect.yieldNow, repo.endAll(userId, Option.none(), passwordChanged))
          const [, { ended }] = yield* Effect.all([logIns, endAll], atOnce)
          const sessions = yield* sessionsOf(userId)
          const events = yield* eventsOf(userId, 61 + ended.length + 1)
          const later = events.slice(events.findIndex(({ _tag }) =>
            _tag === "SessionsRevoked"
          )).flatMap((event) =>
            event._tag === "SessionCreated" ? [event.sessionId] : []
          )
          assert.sameMembers(
            sessions.filter((session) =>
              session.isActive(now)
            ).map(({ id }) => id),
            later
          )
          assertToldOnce(sessions, events)
        }), 60_000)
    }
  )
