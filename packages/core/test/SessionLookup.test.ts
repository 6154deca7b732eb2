import { assert, describe, it } from "@effect/vitest"
import { SessionLookup } from "@sojourn/core"
import { Fixtures } from "@sojourn/testing"
import { Effect, Layer, Option } from "effect"
import { logIn, sojourn } from "./alice.ts"
import { credentials } from "./counting.ts"

const over = (store: ReturnType<typeof credentials>) =>
  Effect.provide(Layer.provideMerge(Layer.fresh(SessionLookup.layer), store.layer))

describe("SessionLookup", () => {
  it.effect("V9 300 sessions that are asked for at once share two statements, each session in one of them", () =>
    Effect.gen(function*() {
      const store = credentials()
      const ids = (yield* Effect.replicateEffect(logIn, 300)).map(({ sessionId }) => sessionId)
      yield* Effect.gen(function*() {
        const lookup = yield* SessionLookup
        const found = yield* Effect.forEach([...ids, ...ids], lookup.credential, { concurrency: "unbounded" })
        assert.deepStrictEqual(found.map((each) => Option.getOrThrow(each).session.id), [...ids, ...ids])
      }).pipe(over(store))
      assert.deepStrictEqual(store.asked.map((each) => each.length), [256, 44])
      assert.sameMembers(store.asked.flat(), ids)
    }).pipe(Effect.provide(sojourn)))

  it.effect("V9 one that does not exist is none, and asked again when it is asked for again", () =>
    Effect.gen(function*() {
      const store = credentials()
      yield* Effect.gen(function*() {
        const lookup = yield* SessionLookup
        const id = yield* Fixtures.freshSessionId
        assert.deepStrictEqual(yield* lookup.credential(id), Option.none())
        assert.deepStrictEqual(yield* lookup.credential(id), Option.none())
        assert.deepStrictEqual(store.asked, [[id], [id]])
      }).pipe(over(store))
    }).pipe(Effect.provide(sojourn)))
})
