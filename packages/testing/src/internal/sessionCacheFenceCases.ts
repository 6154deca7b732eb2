/** Ended sessions go, and stay away. */
import { assert, type Vitest } from "@effect/vitest"
import { CachedSession, SecretHash, SessionCache } from "@sojourn/core"
import { Effect, Option, Schema } from "effect"
import {
  after,
  assertAbsent,
  type Bounds,
  fence,
  fill,
  get,
  index,
  newUser,
  put,
  sessionOf,
  start,
  touch
} from "./sessionCacheGiven.ts"

const Write = Schema.Literals(["put", "fill", "touch"])
const Writes = Schema.Array(Write).check(Schema.isMaxLength(4))

export const sessionCacheFenceCases = (it: Vitest.MethodsNonLive<SessionCache>, { bound }: Bounds): void => {
  it.effect("K7 K8 a fenced session is gone, and out of the index; its neighbour stays", () =>
    Effect.gen(function*() {
      const user = newUser()
      const [ended, kept] = [sessionOf(user), sessionOf(user)]
      yield* put(ended)
      yield* put(kept)
      yield* fence([ended])
      yield* assertAbsent(ended)
      assert.deepStrictEqual(yield* get(kept), Option.some(kept))
      assert.deepStrictEqual(yield* index(user), [kept.id])
    }))

  it.effect("K7 K8 put fences the sessions that were ended for the new one", () =>
    Effect.gen(function*() {
      const user = newUser()
      const [first, second, admitted] = [sessionOf(user), sessionOf(user), sessionOf(user)]
      yield* put(first)
      yield* put(second)
      yield* put(admitted, [first.id, second.id])
      yield* assertAbsent(first)
      yield* assertAbsent(second)
      assert.deepStrictEqual(yield* get(admitted), Option.some(admitted))
      assert.deepStrictEqual(yield* index(user), [admitted.id])
    }))

  it.effect("K8 fencing is idempotent, and needs neither an entry nor a session", () =>
    Effect.gen(function*() {
      const session = sessionOf(newUser())
      yield* fence([session])
      yield* fence([session])
      yield* SessionCache.use((cache) => cache.fence(session.userId, [], start))
      yield* assertAbsent(session)
    }))

  it.effect("K8 those without a tombstone are told, of whatever users, until they are fenced", () =>
    Effect.gen(function*() {
      const [user, other] = [newUser(), newUser()]
      const [ended, kept, unknown, ofOther] = [sessionOf(user), sessionOf(user), sessionOf(user), sessionOf(other)]
      yield* put(kept, [ended.id])
      yield* fill(ofOther)
      const asked = [ended, kept, unknown, ofOther].map(({ id, userId }) => ({ userId, sessionId: id }))
      const unfenced = SessionCache.use((cache) => cache.unfenced(asked, start))
      assert.deepStrictEqual(yield* unfenced, asked.slice(1))
      yield* fence([ofOther])
      assert.deepStrictEqual(yield* unfenced, asked.slice(1, 3))
      yield* fence([kept, unknown])
      assert.deepStrictEqual(yield* unfenced, [])
      assert.deepStrictEqual(yield* SessionCache.use((cache) => cache.unfenced([], start)), [])
    }))

  it.effect("K9 K10 all of a user's sessions are dropped at once", () =>
    Effect.gen(function*() {
      const user = newUser()
      const sessions = [sessionOf(user), sessionOf(user), sessionOf(user)] as const
      yield* Effect.forEach(sessions, (session) => put(session))
      yield* fence([...sessions])
      yield* Effect.forEach(sessions, (session) => assertAbsent(session))
      assert.deepStrictEqual(yield* index(user), [])
    }))

  it.effect("K20 a fill that comes after the fence stays out, for as long as it may be on its way", () =>
    Effect.gen(function*() {
      const session = sessionOf(newUser())
      yield* put(session)
      yield* fence([session])
      yield* fill(session)
      yield* assertAbsent(session)
      yield* fill(session, after(bound))
      yield* assertAbsent(session, after(bound))
    }))

  it.effect("K21 a put that comes after the fence does not bring the session back", () =>
    Effect.gen(function*() {
      const user = newUser()
      const [evicted, admitted] = [sessionOf(user), sessionOf(user)]
      yield* put(admitted, [evicted.id])
      yield* put(evicted)
      yield* assertAbsent(evicted)
      assert.deepStrictEqual(yield* index(user), [admitted.id])
    }))

  it.effect("K21 a secret that was replaced does not come back by a put that comes late, over the turn of the count, too", () =>
    Effect.gen(function*() {
      for (const rotation of [0, 31, 62, 63]) {
        const before = CachedSession.make({ ...sessionOf(newUser()), rotation })
        const [one, two] = ["1a", "2b"].map((hash, more) =>
          CachedSession.make({
            ...before,
            secretHash: SecretHash.make(hash.repeat(32)),
            rotation: (rotation + 1 + more) % 64
          })
        )
        yield* put(before)
        yield* put(two!)
        yield* put(one!)
        assert.deepStrictEqual(yield* get(before), Option.some(two!))
      }
    }))

  it.effect.prop("K22 no order of put, fill, touch and fence brings an ended session back", {
    before: Writes,
    behind: Writes
  }, ({ before, behind }) =>
    Effect.gen(function*() {
      const session = sessionOf(newUser())
      const write = (kind: typeof Write.Type) => ({ put, fill, touch })[kind](session)
      yield* Effect.all([...before.map(write), fence([session]), ...behind.map(write)], {
        concurrency: "unbounded"
      })
      yield* assertAbsent(session)
    }), { arbitrary: { runs: 50 } })
}
