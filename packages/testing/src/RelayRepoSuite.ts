/** The behaviour that every `RelayRepo` must show, together with the `EventLog` over the same store. */
import { assert, it } from "@effect/vitest"
import {
  EventId,
  type EventLog,
  RelayRepo,
  RelayStatus,
  type SessionRepo,
  SetAside,
  type UserRepo
} from "@sojourn/core"
import { Array, DateTime, Duration, Effect, Layer, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { admit, givenUser } from "./internal/given.ts"
import { freshRelay, freshRun, givenRelay, loggedAfter, statusOf } from "./internal/relayGiven.ts"
import type { Options } from "./SessionRepoSuite.ts"

const minute = Duration.minutes(1)
const short = Duration.millis(150)
const progress = Option.map((told: { readonly position: number }) => told.position)

const setAside = Effect.fnUntraced(function*(position: number, message: string) {
  const random = yield* SecureRandom.SecureRandom
  const at = DateTime.makeUnsafe("2026-03-01T12:00:00.123Z")
  return SetAside.make({ position, eventId: EventId.make(yield* random.uuidV7()), message, at })
})

/** Registers the suite. Every case has relays of its own, so the store may be shared and need not be empty. */
export const suite = (
  name: string,
  layer: Layer.Layer<RelayRepo | EventLog | SessionRepo | UserRepo, unknown>,
  options: Options = {}
): void =>
  it.layer(Layer.merge(layer, SecureRandom.layerWebCrypto), { ...options, excludeTestServices: true })(
    `RelayRepo (${name})`,
    (it) => {
      it.effect("D2 a relay keeps its position, whoever holds it, and apart from the others", () =>
        Effect.gen(function*() {
          const repo = yield* RelayRepo
          const [one, other] = [yield* givenRelay, yield* givenRelay]
          const run = yield* freshRun(one.name)
          yield* repo.hold(run, minute, "beginning")
          assert.isTrue(yield* repo.advance(run, one.start + 7, Option.none()))
          assert.isTrue(yield* repo.advance(run, one.start + 3, Option.none()), "it never goes back")
          yield* repo.release(run)
          const next = yield* repo.hold(yield* freshRun(one.name), minute, "beginning")
          assert.deepStrictEqual(progress(next), Option.some(one.start + 7))
          assert.strictEqual((yield* statusOf(other.name)).position, other.start)
        }))

      it.effect("D2 one that is new begins at the beginning of the log, or at its end", () =>
        Effect.gen(function*() {
          const repo = yield* RelayRepo
          const { userId } = yield* givenUser("unlimited")
          yield* admit({ userId })
          const all = yield* loggedAfter((yield* givenRelay).start - 1, 1)
          const last = all.at(-1)!.position
          const hold = (from: "beginning" | "end") =>
            Effect.flatMap(Effect.flatMap(freshRelay, freshRun), (run) => repo.hold(run, minute, from))
          assert.deepStrictEqual(yield* hold("beginning"), Option.some({ position: 0, head: last }))
          assert.deepStrictEqual(yield* hold("end"), Option.some({ position: last, head: last }))
        }))

      it.effect("D5 of many that take it at once one has it, and prolongs it as it likes", () =>
        Effect.gen(function*() {
          const repo = yield* RelayRepo
          const { name, start } = yield* givenRelay
          const runs = yield* Effect.replicateEffect(freshRun(name), 20)
          const held = yield* Effect.forEach(runs, (run) => repo.hold(run, minute, "end"), {
            concurrency: "unbounded"
          })
          assert.strictEqual(held.filter(Option.isSome).length, 1)
          const holder = runs[held.findIndex(Option.isSome)]!
          assert.deepStrictEqual(progress(yield* repo.hold(holder, minute, "end")), Option.some(start))
          for (const run of runs.filter((run) => run !== holder)) {
            assert.deepStrictEqual(yield* repo.hold(run, minute, "end"), Option.none())
          }
        }))

      it.effect("D5 it is free at once when it was released, by its holder alone", () =>
        Effect.gen(function*() {
          const repo = yield* RelayRepo
          const { name } = yield* givenRelay
          const [holder, other] = [yield* freshRun(name), yield* freshRun(name)]
          yield* repo.hold(holder, minute, "end")
          yield* repo.release(other)
          assert.deepStrictEqual(yield* repo.hold(other, minute, "end"), Option.none())
          yield* repo.release(holder)
          assert.isTrue(Option.isSome(yield* repo.hold(other, minute, "end")))
        }))

      it.effect("D5 it is taken over when the lease has run out, and the stale holder moves nothing", () =>
        Effect.gen(function*() {
          const repo = yield* RelayRepo
          const { name, start } = yield* givenRelay
          const [stale, next] = [yield* freshRun(name), yield* freshRun(name)]
          yield* repo.hold(stale, minute, "end")
          assert.deepStrictEqual(yield* repo.hold(next, minute, "end"), Option.none())
          yield* repo.hold(stale, short, "end")
          yield* Effect.sleep(Duration.times(short, 1.5))
          assert.deepStrictEqual(progress(yield* repo.hold(next, minute, "end")), Option.some(start))

          const aside = yield* setAside(start + 1, "late")
          assert.isFalse(yield* repo.advance(stale, start + 1, Option.none()))
          assert.isFalse(yield* repo.advance(stale, start + 1, Option.some(aside)))
          yield* repo.release(stale)
          assert.deepStrictEqual(yield* repo.hold(stale, minute, "end"), Option.none())
          const { position, setAside: count } = yield* statusOf(name)
          assert.deepStrictEqual([position, count], [start, 0])
          assert.isTrue(yield* repo.advance(next, start + 2, Option.none()))
        }))

      it.effect("D5 prolonging keeps others out beyond the first lease", () =>
        Effect.gen(function*() {
          const repo = yield* RelayRepo
          const { name } = yield* givenRelay
          const [holder, other] = [yield* freshRun(name), yield* freshRun(name)]
          yield* repo.hold(holder, short, "end")
          yield* repo.hold(holder, minute, "end")
          yield* Effect.sleep(Duration.times(short, 1.5))
          assert.deepStrictEqual(yield* repo.hold(other, minute, "end"), Option.none())
        }))

      it.effect("D3 what is set aside is kept in order, until it is settled", () =>
        Effect.gen(function*() {
          const repo = yield* RelayRepo
          const { name, start } = yield* givenRelay
          const other = yield* givenRelay
          const run = yield* freshRun(name)
          yield* repo.hold(run, minute, "end")
          const aside = yield* Effect.forEach(
            Array.range(1, 3),
            (n) => setAside(start + n, `"quoted" ${n} ${"ä".repeat(200)}`)
          )
          for (const each of aside) assert.isTrue(yield* repo.advance(run, each.position, Option.some(each)))
          assert.deepStrictEqual(yield* repo.setAside(name, 10), aside)
          assert.deepStrictEqual(yield* repo.setAside(name, 2), aside.slice(0, 2))
          assert.deepStrictEqual(yield* repo.setAside(other.name, 10), [])
          assert.strictEqual((yield* statusOf(name)).position, start + 3)
          assert.strictEqual((yield* statusOf(name)).setAside, 3)
          yield* repo.settle(other.name, start + 2)
          yield* repo.settle(name, start + 2)
          yield* repo.settle(name, start + 2)
          assert.deepStrictEqual(yield* repo.setAside(name, 10), [aside[0]!, aside[2]!])
        }))

      it.effect("D5 the list tells of every relay how far it is, who is behind, and whether somebody runs it", () =>
        Effect.gen(function*() {
          const repo = yield* RelayRepo
          const { name, start } = yield* givenRelay
          const { userId } = yield* givenUser("unlimited")
          yield* admit({ userId })
          yield* loggedAfter(start, 1)
          const standing = yield* statusOf(name)
          assert.isAbove(standing.head, start)
          assert.deepStrictEqual(
            standing,
            RelayStatus.make({ name, position: start, head: standing.head, setAside: 0 })
          )
          const run = yield* freshRun(name)
          yield* repo.hold(run, minute, "end")
          assert.isTrue(Option.isSome((yield* statusOf(name)).heldUntil))
          yield* repo.hold(run, short, "end")
          yield* Effect.sleep(Duration.times(short, 1.5))
          assert.deepStrictEqual((yield* statusOf(name)).heldUntil, Option.none(), "nobody has said so")
          const names = (yield* repo.list).map((relay) => relay.name)
          assert.deepStrictEqual(names, names.toSorted())
        }))
    }
  )
