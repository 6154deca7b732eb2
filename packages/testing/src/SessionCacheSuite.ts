/** What every `SessionCache` must do, whatever keeps the entries. */
import { assert, it } from "@effect/vitest"
import { CachedSession, routingTag, SecretHash, SessionCache, SessionId, UserId } from "@sojourn/core"
import { DateTime, Duration, Effect, type Layer, Option, Schema } from "effect"

/** What the suite must know of the Layer. */
export interface Options {
  /** The staleness bound that the Layer was built with. Default: 60 seconds. */
  readonly stalenessBound?: Duration.Input
  /** How long the Layer may take to build. Default: 30 seconds. */
  readonly timeout?: Duration.Input
}

const start = DateTime.makeUnsafe("2026-01-01T00:00:00Z")
const after = (duration: Duration.Input) => DateTime.addDuration(start, duration)
const beforeTheEndOf = (session: CachedSession, duration: Duration.Input) =>
  DateTime.subtractDuration(session.activeUntil, duration)

let last = 0
/** Ids and users that no other test uses: the Layer, and what it keeps, belongs to the whole suite. */
const newId = () => SessionId.make(`0199b2a0-0000-7000-8000-${(++last).toString(16).padStart(12, "0")}`)
const newUser = () => UserId.make(`user-${++last}`)

/** Any session, and any idle timeout up to the longest: the schema alone generates short ones. */
const generated = {
  any: CachedSession,
  idle: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 630_720_000_000 }))
}
const fresh = ({ any, idle }: { readonly any: CachedSession; readonly idle: number }) =>
  CachedSession.make({
    ...any,
    id: newId(),
    idleTimeout: idle === 0 ? Option.none() : Option.some(Duration.millis(idle))
  })
const sessionOf = (userId: UserId, life: Duration.Input = "30 days") =>
  CachedSession.make({
    id: newId(),
    userId,
    secretHash: SecretHash.make("0f".repeat(32)),
    createdAt: start,
    lastActivityAt: start,
    expiresAt: after(life),
    trusted: false
  })

const put = (session: CachedSession, fenced: ReadonlyArray<SessionId> = [], now = start) =>
  SessionCache.use((cache) => cache.put(session, fenced, now))
const fill = (session: CachedSession, now = start) => SessionCache.use((cache) => cache.fill(session, now))
const get = (session: CachedSession, now = start) =>
  SessionCache.use((cache) => cache.get(session.id, routingTag(session.userId), now))
const fence = (sessions: readonly [CachedSession, ...Array<CachedSession>], now = start) =>
  SessionCache.use((cache) => cache.fence(sessions[0].userId, sessions.map(({ id }) => id), now))
const index = (userId: UserId, now = start) => SessionCache.use((cache) => cache.index(userId, now))

/** Two users whose keys a cluster keeps in the same place. */
const neighbours = (): readonly [UserId, UserId] => {
  const byTag = new Map<string, UserId>()
  for (let at = 0;; at++) {
    const user = UserId.make(`neighbour-${at}-${last}`)
    const other = byTag.get(routingTag(user))
    if (other !== undefined) return [other, user]
    byTag.set(routingTag(user), user)
  }
}

/** Names of devices and places; most can be user ids, too. */
const oddTexts = [
  { what: "an address", text: "a@example.org" },
  { what: "braces", text: "{a}:b}{" },
  { what: "quotes", text: "\"quoted\\ 'and' \u2028 more\"" },
  { what: "right to left", text: "مستخدم‏-١" },
  { what: "joined characters", text: "e\u0301 é 👩‍👩‍👧‍👦" },
  { what: "noncharacters", text: "\ufeff\uffff\u{10ffff}" },
  { what: "the longest user id", text: "漢".repeat(255) },
  { what: "nothing", text: "" },
  { what: "a protocol's own characters", text: "\u0000\r\n$5\r\n" },
  { what: "halves of surrogate pairs", text: "\ud83d and \ude00" }
]

const assertAbsent = Effect.fnUntraced(function*(session: CachedSession, now = start) {
  assert.deepStrictEqual(yield* get(session, now), Option.none())
  assert.notInclude(yield* index(session.userId, now), session.id)
})

const Write = Schema.Literals(["put", "fill"])
const Writes = Schema.Array(Write).check(Schema.isMaxLength(4))

/**
 * Registers the suite. Time is the `now` that every operation is given: an entry must be over by it, whatever clock the
 * cache itself goes by. Sessions and users are new in every case, so the Layer may keep what it has.
 */
export const suite = (name: string, cache: Layer.Layer<SessionCache, unknown>, options: Options = {}) => {
  const bound = Duration.fromInputUnsafe(options.stalenessBound ?? "60 seconds")
  const withinBound = Duration.subtract(bound, Duration.millis(1))

  it.layer(cache, { excludeTestServices: true, timeout: options.timeout ?? "30 seconds" })(
    `SessionCache (${name})`,
    (it) => {
      it.effect.prop("K1 K6 put and get keep every field", generated, (values) =>
        Effect.gen(function*() {
          const session = fresh(values)
          const now = beforeTheEndOf(session, withinBound)
          yield* put(session, [], now)
          assert.deepStrictEqual(yield* get(session, now), Option.some(session))
        }), { arbitrary: { runs: 200 } })

      it.effect.prop("K1 K6 fill and get keep every field", generated, (values) =>
        Effect.gen(function*() {
          const session = fresh(values)
          const now = beforeTheEndOf(session, withinBound)
          yield* fill(session, now)
          assert.deepStrictEqual(yield* get(session, now), Option.some(session))
        }), { arbitrary: { runs: 100 } })

      it.effect.each(oddTexts)("K1 K6 put and get keep $what", ({ text }) =>
        Effect.gen(function*() {
          const session = CachedSession.make({
            ...sessionOf(Schema.is(UserId)(text) ? text : newUser()),
            deviceName: Option.some(text),
            locationName: Option.some(text)
          })
          yield* put(session)
          assert.deepStrictEqual(yield* get(session), Option.some(session))
          assert.include(yield* index(session.userId), session.id)
        }))

      it.effect("K2 what was never put is not there", () => assertAbsent(sessionOf(newUser())))

      it.effect.prop(
        "K3 an entry lives until its session is no longer active, and no longer",
        generated,
        (values) =>
          Effect.gen(function*() {
            const session = fresh(values)
            yield* put(session, [], beforeTheEndOf(session, withinBound))
            assert.isTrue(Option.isSome(yield* get(session, beforeTheEndOf(session, "1 millis"))))
            assert.deepStrictEqual(yield* get(session, session.activeUntil), Option.none())
          }),
        { arbitrary: { runs: 50 } }
      )

      it.effect("K4 an entry lives for the staleness bound, and no longer", () =>
        Effect.gen(function*() {
          const session = sessionOf(newUser())
          yield* put(session)
          assert.isTrue(Option.isSome(yield* get(session, after(withinBound))))
          assert.deepStrictEqual(yield* get(session, after(bound)), Option.none())
        }))

      it.effect("K4 filling what is there already does not prolong it", () =>
        Effect.gen(function*() {
          const session = sessionOf(newUser())
          yield* put(session)
          yield* fill(session, after(withinBound))
          assert.deepStrictEqual(yield* get(session, after(bound)), Option.none())
        }))

      it.effect("K4 a session that is over is not kept, but those that it ended are fenced", () =>
        Effect.gen(function*() {
          const user = newUser()
          const [over, ended] = [sessionOf(user, "1 minute"), sessionOf(user)]
          yield* put(ended)
          yield* put(over, [ended.id], after("1 minute"))
          yield* fill(over, after("1 minute"))
          assert.deepStrictEqual(yield* get(over), Option.none())
          assert.deepStrictEqual(yield* index(user), [])
          assert.deepStrictEqual(yield* get(ended), Option.none())
        }))

      it.effect("K5 put and fill add the id to the user's index", () =>
        Effect.gen(function*() {
          const user = newUser()
          const [first, second] = [sessionOf(user, "1 day"), sessionOf(user, "2 days")]
          yield* put(first)
          assert.deepStrictEqual(yield* index(user), [first.id])
          yield* fill(second)
          assert.deepStrictEqual(yield* index(user), [first.id, second.id])
        }))

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

      it.effect("K9 K10 all of a user's sessions are dropped at once", () =>
        Effect.gen(function*() {
          const user = newUser()
          const sessions = [sessionOf(user), sessionOf(user), sessionOf(user)] as const
          yield* Effect.forEach(sessions, (session) => put(session))
          yield* fence([...sessions])
          yield* Effect.forEach(sessions, (session) => assertAbsent(session))
          assert.deepStrictEqual(yield* index(user), [])
        }))

      it.effect("K13 the index has both of two, by expiry", () =>
        Effect.gen(function*() {
          const user = newUser()
          const [later, sooner] = [sessionOf(user, "2 days"), sessionOf(user, "1 day")]
          yield* put(later)
          yield* put(sooner)
          assert.deepStrictEqual(yield* index(user), [sooner.id, later.id])
        }))

      it.effect("K14 the index of an unknown user is empty", () =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* index(newUser()), [])
        }))

      it.effect("K15 putting a session again changes nothing", () =>
        Effect.gen(function*() {
          const session = sessionOf(newUser())
          yield* put(session)
          yield* put(session)
          assert.deepStrictEqual(yield* get(session), Option.some(session))
          assert.deepStrictEqual(yield* index(session.userId), [session.id])
        }))

      it.effect("K16 K17 of 100 sessions that are added at once, none is lost", () =>
        Effect.gen(function*() {
          const user = newUser()
          const sessions = Array.from({ length: 100 }, () => sessionOf(user))
          yield* Effect.forEach(sessions, (session, at) => at % 2 === 0 ? put(session) : fill(session), {
            concurrency: "unbounded"
          })
          assert.sameMembers([...yield* index(user)], sessions.map(({ id }) => id))
          const found = yield* Effect.forEach(sessions, (session) => get(session), { concurrency: "unbounded" })
          assert.strictEqual(found.filter(Option.isSome).length, 100)
        }))

      it.effect("K18 sessions fenced while others are added leave exactly the others", () =>
        Effect.gen(function*() {
          const user = newUser()
          const ended = Array.from({ length: 50 }, () => sessionOf(user))
          const added = Array.from({ length: 50 }, () => sessionOf(user))
          yield* Effect.forEach(ended, (session) => put(session), { concurrency: "unbounded" })
          yield* Effect.forEach(ended, (session, at) => Effect.all([fence([session]), put(added[at]!)]), {
            concurrency: "unbounded"
          })
          assert.sameMembers([...yield* index(user)], added.map(({ id }) => id))
        }))

      it.effect("K19 the index has no session that is over", () =>
        Effect.gen(function*() {
          const user = newUser()
          const [short, long] = [sessionOf(user, "1 minute"), sessionOf(user, "1 day")]
          yield* put(short)
          yield* put(long)
          assert.deepStrictEqual(yield* index(user, after("59999 millis")), [short.id, long.id])
          assert.deepStrictEqual(yield* index(user, after("1 minute")), [long.id])
          const next = sessionOf(user, "2 days")
          yield* put(next, [], after("1 minute"))
          assert.deepStrictEqual(yield* index(user), [long.id, next.id])
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

      it.effect.prop("K22 no order of put, fill and fence brings an ended session back", {
        before: Writes,
        behind: Writes
      }, ({ before, behind }) =>
        Effect.gen(function*() {
          const session = sessionOf(newUser())
          const write = (kind: typeof Write.Type) => kind === "put" ? put(session) : fill(session)
          yield* Effect.all([...before.map(write), fence([session]), ...behind.map(write)], {
            concurrency: "unbounded"
          })
          yield* assertAbsent(session)
        }), { arbitrary: { runs: 50 } })

      it.effect("K24 K25 users are disjoint, also those whose keys live in the same place", () =>
        Effect.gen(function*() {
          const [one, other] = neighbours()
          const [ended, kept] = [sessionOf(one), sessionOf(other)]
          yield* put(ended)
          yield* put(kept)
          assert.deepStrictEqual(yield* index(one), [ended.id])
          yield* fence([ended])
          assert.deepStrictEqual(yield* index(one), [])
          assert.deepStrictEqual(yield* index(other), [kept.id])
          assert.deepStrictEqual(yield* get(kept), Option.some(kept))
        }))
    }
  )
}
