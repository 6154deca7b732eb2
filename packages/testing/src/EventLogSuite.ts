/** The behaviour that every `EventLog` must show, together with the `SessionRepo` that writes it. */
import { assert, it } from "@effect/vitest"
import { EventLog, type LoggedEvent, SessionRepo, type UserId, type UserRepo } from "@sojourn/core"
import { DateTime, Effect, Layer, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { admit, eventsOf, givenUser, live, passwordChanged } from "./internal/given.ts"
import type { Options } from "./SessionRepoSuite.ts"

/** Reads on in pages of this size until nothing is left. */
const readAll = Effect.fnUntraced(function*(userId: Option.Option<UserId>, limit: number, after = 0) {
  const log = yield* EventLog
  const read: Array<LoggedEvent> = []
  let position = after
  while (true) {
    const page = yield* log.read({ after: position, limit, userId })
    assert.isAtMost(page.length, limit)
    if (page.length === 0) return read
    read.push(...page)
    position = page.at(-1)!.position
  }
})

/** Registers the suite. Every case has users of its own, so the store may be shared and need not be empty. */
export const suite = (
  name: string,
  layer: Layer.Layer<SessionRepo | UserRepo | EventLog, unknown>,
  options: Options = {}
): void =>
  it.layer(Layer.merge(layer, SecureRandom.layerWebCrypto), { ...options, excludeTestServices: true })(
    `EventLog (${name})`,
    (it) => {
      it.effect("D1 holds what the repository returned, in that order", () =>
        Effect.gen(function*() {
          const repo = yield* SessionRepo
          const { userId } = yield* givenUser(2)
          const written = [
            ...(yield* admit({ userId, ...live(3) })).events,
            ...(yield* admit({ userId, ...live(2) })).events,
            ...(yield* admit({ userId, ...live(1) })).events,
            ...(yield* repo.endAll(userId, Option.none(), passwordChanged)).events
          ]
          assert.deepStrictEqual(written.map(({ _tag }) => _tag), [
            "SessionCreated",
            "SessionCreated",
            "SessionEvicted",
            "SessionCreated",
            "SessionRevoked",
            "SessionRevoked",
            "SessionsRevoked"
          ])
          assert.deepStrictEqual(yield* eventsOf(userId, 7), written)
        }))

      it.effect("D2 reading on from the last position misses nothing and repeats nothing", () =>
        Effect.gen(function*() {
          const { userId } = yield* givenUser("unlimited", [live(5), live(4), live(3), live(2), live(1)])
          const events = yield* eventsOf(userId, 5)
          const whole = yield* readAll(Option.some(userId), 100)
          assert.deepStrictEqual(whole.map(({ event }) => event), events)
          for (const limit of [1, 2, 5]) {
            assert.deepStrictEqual(yield* readAll(Option.some(userId), limit), whole)
          }
          const positions = whole.map(({ position }) => position)
          assert.isTrue(positions.every((position, at) => position > (positions[at - 1] ?? 0)))
        }))

      it.effect("D2 what comes later has a later position", () =>
        Effect.gen(function*() {
          const log = yield* EventLog
          const { userId } = yield* givenUser("unlimited", [live(1)])
          yield* eventsOf(userId, 1)
          const [first] = yield* readAll(Option.some(userId), 10)
          const query = { after: first!.position, limit: 10, userId: Option.some(userId) }
          assert.deepStrictEqual(yield* log.read(query), [])
          const { events } = yield* admit({ userId })
          yield* eventsOf(userId, 2)
          assert.deepStrictEqual((yield* log.read(query)).map(({ event }) => event), events)
        }))

      it.effect("D2 one user's events, or everybody's in the order of their commits", () =>
        Effect.gen(function*() {
          const a = yield* givenUser("unlimited")
          const b = yield* givenUser("unlimited")
          const written = [
            ...(yield* admit({ userId: a.userId })).events,
            ...(yield* admit({ userId: b.userId })).events,
            ...(yield* admit({ userId: a.userId })).events
          ]
          assert.deepStrictEqual(yield* eventsOf(a.userId, 2), [written[0]!, written[2]!])
          assert.deepStrictEqual(yield* eventsOf(b.userId, 1), [written[1]!])
          const [first] = yield* readAll(Option.some(a.userId), 10)
          const everybodys = yield* readAll(Option.none(), 100, first!.position - 1)
          const theirs = everybodys.filter(({ event }) => event.userId === a.userId || event.userId === b.userId)
          assert.deepStrictEqual(theirs.map(({ event }) => event), written)
        }))

      it.effect("purging deletes what is from before, at most so many, the oldest first; positions stay", () =>
        Effect.gen(function*() {
          const log = yield* EventLog
          const era = DateTime.makeUnsafe("1972-01-01T00:00:00.000Z")
          const old = { createdAt: DateTime.makeUnsafe("1971-06-01T00:00:00.000Z") }
          yield* log.purge(era, 1_000_000)
          const { userId } = yield* givenUser("unlimited", [old, old, old, live(1), old])
          yield* eventsOf(userId, 5)
          const whole = yield* readAll(Option.some(userId), 100)
          const others = (yield* readAll(Option.none(), 1000)).filter(({ position }) =>
            position < whole[0]!.position
          )

          assert.strictEqual(yield* log.purge(era, 0), 0)
          assert.strictEqual(yield* log.purge(era, others.length + 2), 2)
          assert.deepStrictEqual(yield* readAll(Option.some(userId), 100), whole.slice(2))
          assert.strictEqual(yield* log.purge(era, 1_000_000), 2)
          assert.strictEqual(yield* log.purge(era, 1_000_000), 0)
          assert.deepStrictEqual(yield* readAll(Option.some(userId), 100), [whole[3]!])
        }), 30_000)
    }
  )
